using OnnxCompress.Dependencies;
using OnnxCompress.Dependencies.Streams;
using OnnxCompress.Models;

namespace OnnxCompress.Calibration;

/// <summary>A place where channel statistics are taken: one axis of one tensor, its indices gathered into channels.</summary>
/// <param name="Tensor">The tensor, as the consumer reads it: after activation and pooling.</param>
/// <param name="Axis">The axis that runs over channels.</param>
/// <param name="Channels">How many channels.</param>
/// <param name="Positions"><c>channels x multiplicity</c>, row-major: the indices that belong to each channel.</param>
/// <param name="Role">Sets taps of one axis apart whose channels may be gathered differently.</param>
internal sealed record ChannelTap(string Tensor, int Axis, int Channels, int[] Positions, string Role = "")
{
    /// <summary>Wider axes are not tapped: their Gram matrix would cost more than it tells.</summary>
    private const int WidestAxis = 2048;

    /// <summary>Indices for each channel; each is a row of the statistics.</summary>
    public int Multiplicity => Positions.Length / Channels;

    /// <summary>The normalisation whose scale and shift are taken off the values first; null for the values as they are.</summary>
    public Normalisation? Unscaled { get; init; }

    /// <summary>What the statistics are filed under: channels in the tensor's own order are the same for every role.</summary>
    public string Key => Unscaled is null ? _key : $"{_key}/{Unscaled.Name}";

    private readonly string _key = Positions.Index().All(p => p.Item == p.Index) && Positions.Length == Channels
        ? $"{Tensor}@{Axis}:{Channels}"
        : $"{Tensor}@{Axis}{Role}";

    /// <summary>Where a consumer of channels is tapped first.</summary>
    public static ChannelTap Of(GroupConsumer consumer) => Of(consumer, consumer.Layer);

    /// <summary>Everywhere a consumer of channels is tapped: a weight that several layers share meets what all of them read.</summary>
    public static IEnumerable<ChannelTap> AllOf(GroupConsumer consumer) => consumer.Uses.Select(use => Of(consumer, use));

    private static ChannelTap Of(GroupConsumer consumer, LinearLayer use) => new(use.Input, use.InputChannelAxis, consumer.Channels.Length, consumer.Taps, consumer.Role);

    /// <summary>What a layer reads of a residual stream: normalised, and neither scaled nor shifted.</summary>
    public static ChannelTap Of(StreamConsumer reader, int width) => new(reader.Layer.Input, reader.Layer.InputChannelAxis, width, [.. Enumerable.Range(0, width)])
    {
        Unscaled = reader.Norm is { } norm && (norm.Scale ?? norm.Shift) is not null ? norm : null,
    };

    /// <summary>All channels that a layer makes, before any activation; null where the axis is too wide.</summary>
    public static ChannelTap? OfOutput(LinearLayer layer, TensorShapes shapes) => WholeAxis(layer.Output, layer.OutputChannelAxis, shapes);

    /// <summary>All channels that a layer reads; null where the axis is too wide.</summary>
    public static ChannelTap? OfInput(LinearLayer layer, TensorShapes shapes) => WholeAxis(layer.Input, layer.InputChannelAxis, shapes);

    /// <summary>All channels that a node reads, one that convolves each alone too; null where the axis is too wide.</summary>
    public static ChannelTap? OfInput(LinearMap map, TensorShapes shapes) =>
        shapes.Of(map.Input) is { } dims ? WholeAxis(map.Input, map.ChannelAxis(dims.Length), shapes) : null;

    /// <summary>Rows that one sample gives: values of each channel.</summary>
    public long RowsPerSample(TensorShapes shapes) =>
        shapes.Of(Tensor)!.Aggregate(1L, (product, d) => product * d) / Channels / shapes.Samples;

    private static ChannelTap? WholeAxis(string tensor, int axis, TensorShapes shapes) =>
        shapes.Of(tensor) is { } dims && dims[axis] is var channels and <= WidestAxis
            ? new ChannelTap(tensor, axis, channels, [.. Enumerable.Range(0, channels)], ":all")
            : null;
}
