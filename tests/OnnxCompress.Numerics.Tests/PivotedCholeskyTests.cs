namespace OnnxCompress.Numerics.Tests;

/// <summary>The suite on the CPU.</summary>
public sealed class PivotedCholeskyTests() : PivotedCholeskySuite(new CpuBackend(2));
