namespace OnnxCompress.Numerics.Tests;

/// <summary>The suite on the CPU.</summary>
public sealed class CoresetTests() : CoresetSuite(new CpuBackend(2));
