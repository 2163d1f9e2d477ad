namespace OnnxCompress.Numerics.Tests;

/// <summary>The suite on the CPU.</summary>
public sealed class TopEigenTests() : TopEigenSuite(new CpuBackend(2));
