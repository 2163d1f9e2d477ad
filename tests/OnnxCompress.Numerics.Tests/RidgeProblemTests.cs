namespace OnnxCompress.Numerics.Tests;

/// <summary>The suite on the CPU.</summary>
public sealed class RidgeProblemTests() : RidgeProblemSuite(new CpuBackend(2));
