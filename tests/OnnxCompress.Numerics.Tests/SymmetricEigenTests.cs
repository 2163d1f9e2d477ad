namespace OnnxCompress.Numerics.Tests;

/// <summary>The suite on the CPU.</summary>
public sealed class SymmetricEigenTests() : SymmetricEigenSuite(new CpuBackend(2));
