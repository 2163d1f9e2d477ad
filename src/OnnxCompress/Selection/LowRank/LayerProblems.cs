using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Models;

namespace OnnxCompress.Selection.LowRank;

/// <summary>Makes the problems of a model's layers: of the original, or of what remains once channels have gone.</summary>
/// <param name="analysis">Analysis of the original model.</param>
/// <param name="statistics">Statistics of the original network.</param>
internal sealed class LayerProblems(ModelAnalysis analysis, CalibrationStatistics statistics)
{
    /// <summary>Where statistics are taken for splits of all layers.</summary>
    public static IEnumerable<ChannelTap> Taps(ModelAnalysis analysis)
    {
        var shapes = analysis.Relations.Shapes;
        return SplitSites.Find(analysis).SelectMany(l => new[] { ChannelTap.OfOutput(l, shapes), InputTap(l, shapes) }).OfType<ChannelTap>();
    }

    /// <summary>What layers make that can be split.</summary>
    public static IEnumerable<ChannelTap> Outputs(ModelAnalysis analysis) =>
        SplitSites.Find(analysis).Select(l => ChannelTap.OfOutput(l, analysis.Relations.Shapes)).OfType<ChannelTap>();

    /// <summary>The problem of a layer as it stands in a graph.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="graph">Where its weights are: the original, or that graph without some channels.</param>
    /// <param name="remaining">Which channels stayed; null for the original.</param>
    public LayerProblem Of(LinearLayer layer, ModelGraph graph, Remaining? remaining = null)
    {
        var shapes = analysis.Relations.Shapes;
        var weight = LinearMap.Of(layer.Node, graph)!.Read(graph);
        remaining ??= analysis.Cost.Whole;
        var inputs = remaining.Indices(SplitSites.InputsOf(layer, analysis));
        var outputs = remaining.Indices(SplitSites.OutputsOf(layer, analysis));
        var isBiasKnown = IsBiasKnown(layer);
        return new LayerProblem
        {
            Size = SplitSites.SizeOf(layer, analysis, inputs.Length, outputs.Length),
            Weight = weight,
            Bias = layer.Map.TakesBiasInput && layer.Bias is { } bias ? [.. graph.Constant(bias)!.ReadFloats().Select(v => (double)v)] : null,
            TakesMean = TakesMean(layer),
            // What is added to the outputs must be known, or the factors would be fitted to something else.
            Output = isBiasKnown ? Select(Turned(statistics.Find(ChannelTap.OfOutput(layer, shapes)), layer, remaining), outputs) : null,
            Input = Select(statistics.Find(InputTap(layer, shapes)), inputs),
            // Derivatives are by outputs as they were.
            Sensitivity = IsTurned(layer, remaining) ? null : Select(statistics.Find(Sensitivity.Of(ChannelTap.OfOutput(layer, shapes))), outputs),
        };
    }

    /// <summary>What a table reads are indices, which have no moments.</summary>
    private static ChannelTap? InputTap(LinearLayer layer, TensorShapes shapes) => layer.Map.Kind == LinearKind.Table ? null : ChannelTap.OfInput(layer, shapes);

    /// <summary>A bias that is a node of its own comes after the output.</summary>
    private static bool IsBiasKnown(LinearLayer layer) => !layer.Map.TakesBiasInput || layer.Map.BiasInput == layer.Bias;

    private bool IsTurned(LinearLayer layer, Remaining remaining) =>
        remaining is Shrinkage shrinkage && (shrinkage.Turns.ContainsKey(layer.Output) || shrinkage.TurnOf(SplitSites.OutputsOf(layer, analysis)) is not null);

    /// <summary>Queries and keys that lose directions have been brought to another basis.</summary>
    private static TapStatistics? Turned(TapStatistics? statistics, LinearLayer layer, Remaining remaining) =>
        statistics is not null && remaining is Shrinkage { Turns: var turns } && turns.TryGetValue(layer.Output, out var turn) ? statistics.Turned(turn.Apply) : statistics;

    private static TapStatistics? Select(TapStatistics? statistics, int[] kept) =>
        statistics is null || statistics.Channels == kept.Length ? statistics : statistics.Select(kept);

    /// <summary>Whether the rewritten layer can have a bias of our choice.</summary>
    private bool TakesMean(LinearLayer layer)
    {
        var graph = analysis.Relations.Graph;
        return !layer.Map.TakesBiasInput
            ? layer.Bias is { } added && graph.Uses(added).Count == 1 && !graph.IsInput(added)
            // A Gemm scales what is added by beta.
            : !layer.Map.ScalesBias && (layer.Map.BiasInput is null || (IsBiasKnown(layer) && graph.Constant(layer.Bias!) is not null && !graph.IsInput(layer.Bias!)));
    }
}
