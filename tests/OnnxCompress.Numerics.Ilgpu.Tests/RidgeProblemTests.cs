using OnnxCompress.Numerics.Tests;

namespace OnnxCompress.Numerics.Ilgpu.Tests;

/// <summary>The suite on a device.</summary>
public sealed class RidgeProblemTests() : RidgeProblemSuite(Devices.Asked);
