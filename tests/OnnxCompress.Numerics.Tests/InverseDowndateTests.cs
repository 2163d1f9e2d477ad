namespace OnnxCompress.Numerics.Tests;

/// <summary>The suite on the CPU.</summary>
public sealed class InverseDowndateTests() : InverseDowndateSuite(new CpuBackend(2));
