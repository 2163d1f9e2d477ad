namespace OnnxCompress.Numerics.Tests;

/// <summary>The suite on the CPU.</summary>
public sealed class CholeskyTests() : CholeskySuite(new CpuBackend(2));
