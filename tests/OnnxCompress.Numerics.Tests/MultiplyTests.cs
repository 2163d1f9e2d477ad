namespace OnnxCompress.Numerics.Tests;

/// <summary>The suite on the CPU.</summary>
public sealed class MultiplyTests() : MultiplySuite(new CpuBackend(2));
