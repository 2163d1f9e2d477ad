using System.Globalization;

namespace OnnxCompress.Timing;

/// <summary>
/// A convolution or matrix product as far as its time depends on it: sizes and attributes, no values. Timed with a bias where
/// the operator has one.
/// </summary>
/// <param name="OpType">Conv, Gemm or MatMul.</param>
/// <param name="Inputs">Input channels.</param>
/// <param name="Outputs">Output channels.</param>
internal sealed record TimedNode(string OpType, int Inputs, int Outputs)
{
    /// <summary>Groups of a convolution.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Samples in a run.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Size of the input along the spatial axes; of a matrix product one entry, its rows.</summary>
    public IReadOnlyList<int> Space { get; init; } = [];

    /// <summary>Size of the kernel along the spatial axes; empty for matrix products.</summary>
    public IReadOnlyList<int> Kernel { get; init; } = [];

    /// <summary>Strides along the spatial axes.</summary>
    public IReadOnlyList<int> Strides { get; init; } = [];

    /// <summary>Padding at the beginnings, then at the ends of the spatial axes.</summary>
    public IReadOnlyList<int> Pads { get; init; } = [];

    /// <summary>Dilations along the spatial axes.</summary>
    public IReadOnlyList<int> Dilations { get; init; } = [];

    /// <summary>Whether the weight is stored with the output channels first: <c>transB</c> of Gemm, the left operand of MatMul.</summary>
    public bool OutputsFirst { get; init; }

    /// <summary>Whether it computes in bytes, between others that do; else in single floats.</summary>
    public bool InBytes { get; init; }

    /// <summary>Whether each input channel is convolved alone.</summary>
    public bool IsDepthwise => Groups > 1 && Groups == Inputs;

    /// <summary>What the time is filed under: everything that it depends on.</summary>
    public string Key => string.Create(
        CultureInfo.InvariantCulture,
        $"{OpType} {Inputs}>{Outputs} n{Batch} {Text(Space)} k{Text(Kernel)} s{Text(Strides)} p{Text(Pads)} d{Text(Dilations)} g{Groups}{(OutputsFirst ? " t" : "")}{(InBytes ? " b" : "")}");

    /// <summary>Multiply-accumulates of one run.</summary>
    public long Macs =>
        OutputSpace().Concat(Kernel).Aggregate((long)Batch * Outputs * (Inputs / Groups), (product, size) => product * size);

    /// <summary>The same node with other channels; a depthwise one has as many groups as inputs.</summary>
    public TimedNode With(int inputs, int outputs) =>
        this with { Inputs = inputs, Outputs = outputs, Groups = IsDepthwise ? inputs : Groups };

    /// <summary>Size of the output along the spatial axes; of a matrix product one entry, its rows.</summary>
    public int[] OutputSpace() =>
        [.. Space.Select((size, axis) => Kernel.Count == 0
            ? size
            : ((size + Pads[axis] + Pads[axis + Kernel.Count] - (Dilations[axis] * (Kernel[axis] - 1)) - 1) / Strides[axis]) + 1)];

    private static string Text(IReadOnlyList<int> sizes) => string.Join('x', sizes);
}
