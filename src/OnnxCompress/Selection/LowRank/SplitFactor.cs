using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.LowRank;

/// <summary>One of the thin layers that a layer becomes.</summary>
/// <param name="Weight">
/// <c>outputs x (inputs / groups * kernel)</c>, row-major, the kernel innermost: the order of an ONNX convolution.
/// </param>
/// <param name="Axes">
/// For each spatial axis of the layer, whether this factor takes the layer's kernel, stride, padding and dilation along
/// it; where it does not, its kernel is 1. Each axis belongs to exactly one factor.
/// </param>
/// <param name="Groups">Groups of the convolution.</param>
/// <param name="Suffix">What the node is called after the layer's name and a slash.</param>
internal sealed record SplitFactor(Matrix<double> Weight, bool[] Axes, int Groups, string Suffix);
