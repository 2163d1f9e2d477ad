using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>How a stored sample becomes what an input wants: its shape, its channels, and whether axes are moved.</summary>
/// <param name="Dims">Shape of one sample as the model wants it.</param>
/// <param name="Move">Which axes trade places.</param>
/// <param name="Channels">Channels that mean and std may count, in the stored order.</param>
/// <param name="ChannelStride">Elements from one channel to the next in the stored order.</param>
internal sealed record SampleShape(IReadOnlyList<long> Dims, AxisMove Move, int Channels, int ChannelStride)
{
    /// <summary>Compares a stored sample with the declared input.</summary>
    /// <param name="array">The data.</param>
    /// <param name="index">Which sample.</param>
    /// <param name="feed">The model's input, and where its samples lie.</param>
    /// <param name="layout">What images in the data are stored as, unless their format says it.</param>
    /// <exception cref="OnnxCompressException">OCX3005: the shapes cannot be brought together.</exception>
    public static SampleShape Resolve(SampleArray array, int index, InputFeed feed, TensorLayout layout)
    {
        var input = feed.Input;
        var stored = array.DimsOf(index);
        layout = array.Layout ?? layout;
        if (feed.SampleDims is not { } dims)
        {
            return AsStored(stored, layout);
        }

        Dimension[] wanted = [.. dims];
        if (stored.Count == 3 && layout == TensorLayout.Nhwc)
        {
            // A model that could be read either way is taken as NCHW, which is what ONNX operators use.
            long[] moved = [stored[2], stored[0], stored[1]];
            return Fits(moved, wanted) ? AsStored(stored, layout) with { Dims = moved, Move = AxisMove.ChannelsFirst }
                : Fits(stored, wanted) ? AsStored(stored, layout)
                : SameButOnes(array, stored, wanted) ?? throw Mismatch(array, index, input, Advice(stored, wanted, layout));
        }

        if (Fits(stored, wanted))
        {
            return AsStored(stored, layout);
        }

        if (stored.Count == 3 && Fits([stored[1], stored[2], stored[0]], wanted))
        {
            return AsStored(stored, layout) with { Dims = [stored[1], stored[2], stored[0]], Move = AxisMove.ChannelsLast };
        }

        return SameButOnes(array, stored, wanted) ?? throw Mismatch(array, index, input, Advice(stored, wanted, array.Layout ?? layout));
    }

    private static SampleShape AsStored(IReadOnlyList<long> stored, TensorLayout layout)
    {
        var channelAxis = layout == TensorLayout.Nhwc ? stored.Count - 1 : 0;
        return stored.Count == 0
            ? new(stored, AxisMove.None, 1, 1)
            : new(stored, AxisMove.None, (int)stored[channelAxis], (int)stored.Skip(channelAxis + 1).Aggregate(1L, (product, dim) => product * dim));
    }

    /// <summary>Whether a shape is what is declared.</summary>
    public static bool Fits(IReadOnlyList<long> dims, IReadOnlyList<Dimension> wanted) =>
        dims.Count == wanted.Count && dims.Zip(wanted).All(pair => pair.Second.Value is null || pair.Second.Value == pair.First);

    // Axes of length 1 can come and go: N,28,28 is what N,1,28,28 means. A row of a table has no axes to compare at all.
    private static SampleShape? SameButOnes(SampleArray array, IReadOnlyList<long> stored, Dimension[] wanted)
    {
        if (wanted.Any(dim => dim.Value is null))
        {
            return null;
        }

        long[] dims = [.. wanted.Select(dim => dim.Value!.Value)];
        var fits = array.IsFlat
            ? dims.Aggregate(1L, (product, dim) => product * dim) == stored[0]
            : dims.Where(dim => dim != 1).SequenceEqual(stored.Where(dim => dim != 1));
        return fits ? new(dims, AxisMove.None, 1, 1) : null;
    }

    private static string Advice(IReadOnlyList<long> stored, Dimension[] wanted, TensorLayout layout)
    {
        var other = layout == TensorLayout.Nchw ? TensorLayout.Nhwc : TensorLayout.Nchw;
        if (stored.Count == 3 && wanted.Length == 3)
        {
            long[] turned = other == TensorLayout.Nhwc ? [stored[2], stored[0], stored[1]] : [stored[1], stored[2], stored[0]];
            if (Fits(turned, wanted) || Fits(stored, wanted))
            {
                return $"It would fit as --layout {other.ToString().ToLowerInvariant()}.";
            }
        }

        return stored.Count != wanted.Length
            ? $"A sample needs {wanted.Length} axes, the data have {stored.Count} after the sample axis."
            : "Resize or crop the data to what the model wants.";
    }

    private static OnnxCompressException Mismatch(SampleArray array, int index, TensorInfo input, string advice)
    {
        var (name, at) = array.Locate(index);
        return new(DiagnosticCodes.DataShapeMismatch, array.Varies
            ? $"'{name}' has a sample {at} of the shape [{string.Join(',', array.DimsOf(index))}] but the model's input is {input}. {advice}"
            : $"'{array.Name}' has the shape [{array.Count},{string.Join(',', array.SampleDims)}] but the model's input is {input}. {advice}");
    }
}
