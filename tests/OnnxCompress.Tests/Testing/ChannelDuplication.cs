using OnnxCompress.Dependencies;
using OnnxCompress.Models;

namespace OnnxCompress.Tests.Testing;

/// <summary>Adds a channel to a trained model that changes nothing: a copy of one, each with half the outgoing weights.</summary>
internal static class ChannelDuplication
{
    /// <summary>The widened model; the copy is the group's last channel.</summary>
    /// <param name="model">Not changed.</param>
    /// <param name="analysis">Its analysis.</param>
    /// <param name="group">A group with one producer and nothing carried.</param>
    /// <param name="channel">The channel that is copied.</param>
    public static OnnxModel Duplicate(OnnxModel model, ModelAnalysis analysis, ChannelGroup group, int channel)
    {
        var widened = model.Clone();
        var producer = analysis.Relations.Layers.Single(l => l.Node.Name == group.Producers[0]);
        Append(widened, producer.Weight, producer.OutputAxis, [channel]);
        if (producer.Bias is { } bias)
        {
            Append(widened, bias, 0, [channel]);
        }

        foreach (var consumer in group.ConsumerLayers)
        {
            var columns = consumer.Columns.AsSpan(channel * consumer.ColumnsPerChannel, consumer.ColumnsPerChannel).ToArray();
            Halve(widened, consumer.Layer.Weight, consumer.Layer.InputAxis, columns);
            Append(widened, consumer.Layer.Weight, consumer.Layer.InputAxis, columns);
        }

        widened.Graph.ForgetInnerShapes();
        return widened;
    }

    /// <summary>Copies of some indices behind the last one.</summary>
    private static void Append(OnnxModel model, string name, int axis, int[] sources)
    {
        var constant = model.Graph.Constant(name)!;
        var dims = constant.Dims.ToArray();
        var inner = (int)dims[(axis + 1)..].Aggregate(1L, (a, b) => a * b);
        int[] indices = [.. Enumerable.Range(0, (int)dims[axis]), .. sources];
        var values = constant.ReadFloats();
        var row = (int)dims[axis] * inner;
        dims[axis] = indices.Length;
        constant.Write(dims, (float[])[.. Enumerable.Range(0, values.Length / row)
            .SelectMany(outer => indices.SelectMany(i => values.AsSpan((outer * row) + (i * inner), inner).ToArray()))]);
    }

    private static void Halve(OnnxModel model, string name, int axis, int[] indices)
    {
        var dims = model.Graph.Constant(name)!.Dims;
        var inner = (int)dims.Skip(axis + 1).Aggregate(1L, (a, b) => a * b);
        model.Edit(name, values =>
        {
            for (var i = 0; i < values.Length; i++)
            {
                values[i] *= indices.Contains(i / inner % (int)dims[axis]) ? 0.5f : 1;
            }
        });
    }
}
