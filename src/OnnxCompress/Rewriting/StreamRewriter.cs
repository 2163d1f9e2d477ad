using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Dependencies.Streams;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Selection;
using OnnxCompress.Selection.Streams;

namespace OnnxCompress.Rewriting;

/// <summary>
/// Carries out the part of a plan that narrows residual streams: the model is turned, its channels go as others do, and what is left is
/// laid out so that each normalisation makes of it what it made of all, but for the share of squares that went:
/// with D channels before and d after, <c>sqrt(D / d)</c> and <c>eps D / d</c> make up for the mean over fewer.
/// </summary>
/// <param name="analysis">Analysis of the model.</param>
/// <param name="statistics">Its statistics.</param>
/// <param name="backend">Does the linear algebra.</param>
internal sealed class StreamRewriter(ModelAnalysis analysis, CalibrationStatistics statistics, IDenseBackend backend)
{
    // Plans of one model turn a stream by one basis.
    private readonly Dictionary<ResidualStream, StreamBasis> _bases = [];
    private readonly Lock _gate = new();

    /// <summary>The model of a plan but for its splits.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="plan">What stays.</param>
    /// <param name="selection">The rule in use.</param>
    /// <param name="isOutline">Whether weights need their sizes only.</param>
    /// <param name="cancellation">Stops between sites.</param>
    /// <param name="shrinkage">Which indices stayed, and what was turned.</param>
    /// <returns>The model, and the statistics that splits of it are made with.</returns>
    public (OnnxModel Model, CalibrationStatistics Statistics) Rewrite(
        OnnxModel model, PlacedPlan plan, ChannelSelection selection, bool isOutline, CancellationToken cancellation, out Shrinkage shrinkage)
    {
        var sites = plan.Channels.Where(c => c.Group.Stream is not null).Select(c => (c.Site, Stream: c.Group.Stream!)).ToArray();
        if (sites.Length == 0)
        {
            return (new ChannelRewriter(analysis, statistics, backend, selection).Rewrite(model, plan, cancellation, out shrinkage), statistics);
        }

        var turned = model.Clone();
        var (seen, laidOut) = (statistics, statistics);
        var made = new List<KeyValuePair<string, LinearLayer>>();
        foreach (var (site, stream) in sites)
        {
            cancellation.ThrowIfCancellationRequested();
            var basis = BasisOf(stream);
            made.AddRange(new StreamWeights(stream, backend).Turn(turned.Graph, isOutline ? null : basis.Directions));
            seen = basis.Turn(seen, basis.Directions, analysis.Relations);
            laidOut = isOutline ? laidOut : basis.Turn(laidOut, basis.Map(site.Kept.Count), analysis.Relations);
        }

        var narrowed = new ChannelRewriter(analysis, seen, backend, selection).Rewrite(turned, plan, cancellation, out shrinkage);
        Cut(narrowed.Graph, made, shrinkage);
        foreach (var (site, stream) in sites)
        {
            LayOut(narrowed.Graph, stream, site.Kept.Count, isOutline ? null : seen);
            shrinkage.StreamTurns.Add(stream.Roots[0], Single(BasisOf(stream).Map(site.Kept.Count)));
        }

        narrowed.Graph.Index();
        narrowed.Graph.RemoveUnusedInitializers();
        return (narrowed, isOutline ? statistics : laidOut);
    }

    private StreamBasis BasisOf(ResidualStream stream)
    {
        lock (_gate)
        {
            return _bases.TryGetValue(stream, out var known) ? known : _bases[stream] = StreamBasis.Of(stream, statistics, backend);
        }
    }

    /// <summary>Constants that the analysis does not know lose the outputs that their layers do.</summary>
    private void Cut(ModelGraph graph, List<KeyValuePair<string, LinearLayer>> made, Shrinkage shrinkage)
    {
        foreach (var (name, layer) in made)
        {
            var axis = analysis.Relations.KnownAxes(layer.Output)[layer.OutputChannelAxis];
            if (shrinkage.Shrinks(axis))
            {
                graph.Constant(name)!.Slice(0, shrinkage.Indices(axis!));
            }

            if (graph.Uses(name) is [{ Node: { OpType: "Add" } add }])
            {
                shrinkage.Shifted.Add(layer.Output, add.Outputs[0]);
            }
        }
    }

    private void LayOut(ModelGraph graph, ResidualStream stream, int channels, CalibrationStatistics? seen)
    {
        var nodes = graph.Nodes.ToDictionary(n => n.Name, StringComparer.Ordinal);
        var wider = (double)stream.Width / channels;
        foreach (var norm in stream.Norms)
        {
            norm.ScaleEpsilon(graph, name => nodes[name], wider);
            Fill(graph, norm.Scale, 1);
            Fill(graph, norm.Shift, 0);
        }

        if (seen is null)
        {
            return;
        }

        var (weights, layout) = (new StreamWeights(stream, backend), StreamBasis.Layout(stream, channels));
        foreach (var (constant, axis) in stream.IsCentred ? stream.Written : [])
        {
            weights.Multiply(graph.Constant(constant)!, axis, layout);
        }

        foreach (var reader in stream.Readers)
        {
            var factor = reader.Norm is null ? 1 : Math.Sqrt(wider * ShareLeft(reader, stream, channels, seen));
            weights.Multiply(graph.Constant(reader.Layer.Weight)!, reader.Layer.InputAxis, Times(layout, factor));
        }
    }

    /// <summary>The share of the sum of squares that a reader's normalisation still sees.</summary>
    private static double ShareLeft(StreamConsumer reader, ResidualStream stream, int channels, CalibrationStatistics seen)
    {
        var gram = seen.Of(ChannelTap.Of(reader, stream.Width) with { Unscaled = null }).Total().Gram;
        double left = 0, all = 0;
        for (var i = 0; i < stream.Width; i++)
        {
            all += gram[i * (stream.Width + 1)];
            left += i < StreamBasis.DirectionsIn(stream, channels) ? gram[i * (stream.Width + 1)] : 0;
        }

        return all > 0 && left > 0 ? left / all : 1;
    }

    private static void Fill(ModelGraph graph, string? constant, float value)
    {
        if (constant is not null)
        {
            var known = graph.Constant(constant)!;
            var values = new float[known.Count];
            Array.Fill(values, value);
            known.Write([.. known.Dims], values);
        }
    }

    private static Matrix<double> Times(Matrix<double> matrix, double factor)
    {
        var scaled = matrix.Clone();
        foreach (ref var value in scaled.Values)
        {
            value *= factor;
        }

        return scaled;
    }

    private static Matrix<float> Single(Matrix<double> matrix) => new(matrix.Rows, matrix.Columns, [.. matrix.Values.ToArray().Select(v => (float)v)]);
}
