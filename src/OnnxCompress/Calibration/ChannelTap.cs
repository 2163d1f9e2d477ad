using OnnxCompress.Dependencies;
using OnnxCompress.Models;

namespace OnnxCompress.Calibration;

/// <summary>A place where channel statistics are taken: one axis of one tensor, its indices gathered into channels.</summary>
/// <param name="Tensor">The tensor, as the consumer reads it: after activation and pooling.</param>
/// <param name="Axis">The axis that runs over channels.</param>
/// <param name="Channels">How many channels.</param>
/// <param name="Positions"><c>channels x multiplicity</c>, row-major: the indices that belong to each channel.</param>
internal sealed record ChannelTap(string Tensor, int Axis, int Channels, int[] Positions)
{
    /// <summary>Indices for each channel; each is a row of the statistics.</summary>
    public int Multiplicity => Positions.Length / Channels;

    /// <summary>What the statistics are filed under.</summary>
    public string Key => $"{Tensor}@{Axis}";

    /// <summary>Where a consumer of channels is tapped.</summary>
    public static ChannelTap Of(GroupConsumer consumer) =>
        new(consumer.Layer.Input, consumer.Layer.InputChannelAxis, consumer.Channels.Length, consumer.Taps);

    /// <summary>Rows that one sample gives: values of each channel.</summary>
    public long RowsPerSample(TensorShapes shapes) =>
        shapes.Of(Tensor)!.Aggregate(1L, (product, d) => product * d) / Channels / shapes.Samples;
}
