namespace OnnxCompress.Numerics.Tests;

/// <summary>The suite on the CPU.</summary>
public sealed class ChainTests() : ChainSuite(new CpuBackend(2));
