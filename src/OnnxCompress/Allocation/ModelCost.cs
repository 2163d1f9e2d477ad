namespace OnnxCompress.Allocation;

/// <summary>What a model costs.</summary>
/// <param name="Parameters">Elements of the floating-point constants that enter compute.</param>
/// <param name="Macs">Multiply-accumulates of Conv, ConvTranspose, Gemm and MatMul for one sample.</param>
/// <param name="Bytes">The file and its external data.</param>
public sealed record ModelCost(long Parameters, long Macs, long Bytes);
