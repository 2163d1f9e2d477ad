using OnnxCompress.Models;
using OnnxCompress.Samples;

namespace OnnxCompress.Calibration;

/// <summary>Which rows of a model's tensors do not count, by an input that marks them with zeros.</summary>
internal sealed class MaskedRows
{
    /// <summary>Where came with this opset.</summary>
    private const long LeastOpset = 9;

    private readonly TensorShapes _shapes;
    private readonly long[] _sizes;

    private MaskedRows(string input, TensorShapes shapes, long[] sizes, long[] unitAxes) => (Input, _shapes, _sizes, UnitAxes) = (input, shapes, sizes, unitAxes);

    /// <summary>The input.</summary>
    public string Input { get; }

    /// <summary>Its axes of size one.</summary>
    public long[] UnitAxes { get; }

    /// <summary>The mask of a model; null without one that lies along samples.</summary>
    /// <param name="model">The model.</param>
    /// <param name="shapes">Its shapes.</param>
    /// <param name="input">The input's name; null for none.</param>
    public static MaskedRows? Of(OnnxModel model, TensorShapes shapes, string? input)
    {
        if (input is null || model.Opset < LeastOpset || shapes.Of(input) is not { Length: >= 2 } dims || dims[0] != shapes.Samples || !SampleMask.IsNumber(shapes.TypeOf(input)))
        {
            return null;
        }

        // An axis that is one by chance, in the observed sample alone, cannot be told from others.
        int[] ones = [.. Enumerable.Range(1, dims.Length - 1).Where(axis => dims[axis] == 1)];
        return Array.Exists(ones, axis => shapes.IsDynamic(input, axis))
            ? null
            : new(input, shapes, SampleMask.Sizes(dims.Select(size => (long)size)), [.. ones.Select(axis => (long)axis)]);
    }

    /// <summary>The axes of a tapped tensor that the mask lies along; null where all of its rows count.</summary>
    public int[]? AxesOf(ChannelTap tap) => SampleMask.Axes(_sizes, [.. _shapes.Of(tap.Tensor)!.Select(size => (long)size)], tap.Axis);

    /// <summary>Of so many rows of a tapped tensor in a batch, those that count.</summary>
    /// <param name="counted">See <see cref="SampleMask.Read"/>.</param>
    /// <param name="rows">All of them: as many for each position of the mask.</param>
    public static long Left(bool[] counted, long rows) => rows / counted.Length * counted.Count(c => c);
}
