namespace OnnxCompress.Numerics.Tests;

/// <summary>The suite on the CPU.</summary>
public sealed class RidgeRegressionTests() : RidgeRegressionSuite(new CpuBackend(2));
