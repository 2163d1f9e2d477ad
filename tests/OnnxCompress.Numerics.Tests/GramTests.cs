namespace OnnxCompress.Numerics.Tests;

/// <summary>The suite on the CPU.</summary>
public sealed class GramTests() : GramSuite(new CpuBackend(2));
