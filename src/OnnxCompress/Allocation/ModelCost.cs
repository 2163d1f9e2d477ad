namespace OnnxCompress.Allocation;

/// <summary>What a model costs.</summary>
/// <param name="Parameters">Logical elements of the weights that its file holds, shared ones once.</param>
/// <param name="Macs">Multiply-accumulates of Conv, ConvTranspose, Gemm and MatMul for one sample.</param>
/// <param name="Bytes">The file and its external data.</param>
public sealed record ModelCost(long Parameters, long Macs, long Bytes)
{
    /// <summary>Nothing at all.</summary>
    internal static ModelCost None { get; } = new(0, 0, 0);

    /// <summary>Both together.</summary>
    internal ModelCost Plus(ModelCost other) => new(Parameters + other.Parameters, Macs + other.Macs, Bytes + other.Bytes);
}
