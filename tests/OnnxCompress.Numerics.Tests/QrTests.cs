namespace OnnxCompress.Numerics.Tests;

/// <summary>The suite on the CPU.</summary>
public sealed class QrTests() : QrSuite(new CpuBackend(2));
