namespace OnnxCompress.Numerics.Tests;

/// <summary>The suite on the CPU.</summary>
public sealed class NonFiniteTests() : NonFiniteSuite(new CpuBackend(2));
