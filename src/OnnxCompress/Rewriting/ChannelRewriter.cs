using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Dependencies.Operators;
using OnnxCompress.Dependencies.Scores;
using OnnxCompress.Dependencies.Streams;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Selection;
using OnnxCompress.Selection.Interpolative;

namespace OnnxCompress.Rewriting;

/// <summary>
/// Carries out the channel part of a plan on a copy of the model: consumers' weights take up what goes, then every
/// constant loses the indices of removed channels, and nodes that state sizes are adapted.
/// </summary>
internal sealed class ChannelRewriter
{
    /// <summary>About how often a weight is copied on its way: numbers, matrix, mixed, written, cut along each axis.</summary>
    private const int CopiesOfWeights = 8;

    private readonly ModelAnalysis _analysis;
    private readonly CalibrationStatistics _statistics;
    private readonly IDenseBackend _backend;
    private readonly ChannelSelection _selection;

    /// <summary>Biases that layers had none of, by name: the analysis does not know them.</summary>
    private readonly Dictionary<string, LinearLayer> _made = new(StringComparer.Ordinal);

    /// <summary>Prepares rewriting.</summary>
    /// <param name="analysis">Analysis of the model that is rewritten.</param>
    /// <param name="statistics">Its statistics.</param>
    /// <param name="backend">Solves for the mixings.</param>
    /// <param name="selection">The rule in use: as published, constants are not folded.</param>
    public ChannelRewriter(ModelAnalysis analysis, CalibrationStatistics statistics, IDenseBackend backend, ChannelSelection selection) =>
        (_analysis, _statistics, _backend, _selection) = (analysis, statistics, backend, selection);

    /// <summary>The compressed model.</summary>
    /// <param name="model">The model the analysis is of; not changed.</param>
    /// <param name="plan">What stays.</param>
    /// <param name="cancellation">Stops between sites.</param>
    /// <param name="shrinkage">Which indices of each tensor stayed.</param>
    public OnnxModel Rewrite(OnnxModel model, PlacedPlan plan, CancellationToken cancellation, out Shrinkage shrinkage)
    {
        _made.Clear();
        var result = model.Clone();
        var sites = plan.Channels;
        // Before anything is mixed into a weight: its outputs are turned, its inputs are mixed.
        var turns = new ScoreTurns(_analysis, _statistics, _backend).Apply(plan, model.Graph, result.Graph);
        shrinkage = new Shrinkage(result.Graph, _analysis.Relations, plan.IsRootKept).With(turns, [.. sites.Select(s => s.Group.Scores).OfType<ScoreProduct>()]);

        // A weight is cut as soon as nothing more is mixed into it: two copies of a large model would not fit into memory.
        var readers = sites.SelectMany(s => s.Group.ConsumerLayers).CountBy(c => c.Layer.Weight).ToDictionary(StringComparer.Ordinal);
        var discarded = new DiscardedMemory();
        foreach (var (site, group) in sites)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var consumer in group.ConsumerLayers)
            {
                if (site.Factors is null)
                {
                    Mix(consumer, site, group.Stream, model.Graph, result.Graph);
                }
                else
                {
                    Scale(consumer, site, result.Graph);
                }

                if (--readers[consumer.Layer.Weight] == 0)
                {
                    Shrink(result.Graph, consumer.Layer.Weight, shrinkage);
                }

                discarded.Add(CopiesOfWeights * sizeof(float) * result.Graph.Constant(consumer.Layer.Weight)!.Count);
            }
        }

        foreach (var (site, group) in sites)
        {
            SelectInputs(group, site.Kept, result.Graph);
        }

        ShrinkMade(result.Graph, shrinkage);
        Shrink(result.Graph, shrinkage, [.. readers.Keys]);
        return result;
    }

    /// <summary>Puts a Gather in front of layers that read only some of the channels there are.</summary>
    private static void SelectInputs(ChannelGroup group, IReadOnlyList<int> kept, ModelGraph graph)
    {
        foreach (var layer in group.ConsumerLayers.Select(c => c.Layer).Where(l => l.SelectsInput))
        {
            var node = graph.Producer(layer.Output)!;
            var indices = graph.AddIntegers($"{node.Name}/kept", [.. kept.Select(k => (long)k)]);
            var selected = graph.UniqueName($"{node.Name}/selected");
            graph.AddNode("Gather", graph.UniqueName($"{node.Name}/select"), [layer.Input, indices], [selected]).SetInt("axis", layer.InputChannelAxis);
            node.Proto.Input[node.Proto.Input.IndexOf(layer.Input)] = selected;
        }
    }

    /// <summary>Writes W T^T into the kept columns and adds W b to the bias.</summary>
    private void Mix(GroupConsumer consumer, ChannelPlan site, ResidualStream? stream, ModelGraph original, ModelGraph result)
    {
        var stays = site.Kept.ToHashSet();
        if (stream is { IsCentred: true })
        {
            // The last one is room for the layout of the others, and no direction.
            stays.Remove(site.Kept[^1]);
        }

        int[] kept = [.. Enumerable.Range(0, consumer.Channels.Length).Where(i => stays.Contains(consumer.Channels[i]))];
        if (kept.Length == consumer.Channels.Length)
        {
            return;
        }

        // Targets and moments are those of the original: a consumer that was narrowed at its outputs reads the same.
        var moments = new ConsumerMoments(consumer, original, _statistics, _backend, _selection == ChannelSelection.Target);
        var mixing = ChannelMixing.Solve(moments.Total(), kept, site.Ridge, _backend);
        var weights = ConsumerWeights.Read(consumer, result);
        if (mixing.Offsets is { } offsets)
        {
            AddToBias(consumer.Layer, result, weights.Respond(offsets));
        }

        var matrix = weights.ToMatrix();
        var transposed = new Matrix<float>(mixing.Mixing.Columns, mixing.Mixing.Rows);
        for (var k = 0; k < mixing.Mixing.Rows; k++)
        {
            for (var c = 0; c < mixing.Mixing.Columns; c++)
            {
                transposed[c, k] = (float)mixing.Mixing[k, c];
            }
        }

        var mixed = new Matrix<float>(matrix.Rows, kept.Length);
        _backend.Multiply(1, matrix, Numerics.Transpose.No, transposed, Numerics.Transpose.No, 0, mixed);
        weights.Write(mixed, kept);
    }

    /// <summary>Multiplies the weights that read each kept channel by the plan's factor.</summary>
    private static void Scale(GroupConsumer consumer, ChannelPlan site, ModelGraph result)
    {
        var position = site.Kept.Index().ToDictionary(c => c.Item, c => c.Index);
        int[] kept = [.. Enumerable.Range(0, consumer.Channels.Length).Where(i => position.ContainsKey(consumer.Channels[i]))];
        var weights = ConsumerWeights.Read(consumer, result);
        var matrix = weights.ToMatrix();
        var scaled = new Matrix<float>(matrix.Rows, kept.Length);
        for (var k = 0; k < kept.Length; k++)
        {
            var factor = site.Factors![position[consumer.Channels[kept[k]]]];
            for (var row = 0; row < matrix.Rows; row++)
            {
                scaled[row, k] = (float)(matrix[row, kept[k]] * factor);
            }
        }

        weights.Write(scaled, kept);
    }

    private void AddToBias(LinearLayer layer, ModelGraph graph, double[] response)
    {
        var node = graph.Producer(layer.Output)!;
        if ((layer.Bias ?? node.Input(2)) is not { } name)
        {
            var added = graph.AddInitializer(graph.UniqueName($"{node.Name}/bias"), graph.Constant(layer.Weight)!.Type, [response.Length]);
            added.Write([response.Length], [.. response.Select(r => (float)r)]);
            graph.AddInput(node, 2, added.Name);
            _made.Add(added.Name, layer);
            return;
        }

        var bias = graph.Constant(name)!;
        var values = bias.ReadFloats();
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)(values[i] + response[i]);
        }

        bias.Write([.. bias.Dims], values);
    }

    /// <summary>Takes the indices of removed channels out of a constant.</summary>
    private void ShrinkMade(ModelGraph graph, Shrinkage shrinkage)
    {
        foreach (var (name, layer) in _made)
        {
            var axis = _analysis.Relations.KnownAxes(layer.Output)[layer.OutputChannelAxis];
            if (shrinkage.Shrinks(axis))
            {
                graph.Constant(name)!.Slice(0, shrinkage.Indices(axis!));
            }
        }
    }

    private void Shrink(ModelGraph graph, string constant, Shrinkage shrinkage)
    {
        var axes = _analysis.Relations.KnownAxes(constant);
        for (var axis = 0; axis < axes.Length; axis++)
        {
            if (shrinkage.Shrinks(axes[axis]))
            {
                graph.Constant(constant)!.Slice(axis, shrinkage.Indices(axes[axis]!));
            }
        }
    }

    private void Shrink(ModelGraph graph, Shrinkage shrinkage, HashSet<string> shrunk)
    {
        foreach (var name in _analysis.Relations.Constants.Select(c => c.Key).Where(name => !shrunk.Contains(name)))
        {
            Shrink(graph, name, shrinkage);
        }

        foreach (var node in graph.Nodes)
        {
            OperatorRules.Shrink(node, shrinkage);
        }

        graph.ForgetInnerShapes();
        graph.Index();
        graph.RemoveUnusedConstants();
    }
}
