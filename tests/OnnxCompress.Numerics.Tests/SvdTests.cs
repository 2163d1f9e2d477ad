namespace OnnxCompress.Numerics.Tests;

/// <summary>The suite on the CPU.</summary>
public sealed class SvdTests() : SvdSuite(new CpuBackend(2));
