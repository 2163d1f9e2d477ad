using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;

namespace OnnxCompress.Precision;

/// <summary>
/// Chooses ranges and rounds weights by statistics of the original network, where there are no samples to run: ranges are those of
/// the tensors there, error feedback takes the moments of what a layer reads there, and biases make up for what the mean of that
/// loses (Nagel et al. 2019, section 4.2).
/// </summary>
/// <param name="backend">Does the linear algebra.</param>
/// <param name="statistics">The statistics.</param>
/// <param name="options">How.</param>
internal sealed class NumbersFromStatistics(IDenseBackend backend, CalibrationStatistics statistics, QuantizerOptions options)
{
    private readonly LayerRounding _rounding = new(backend, options);

    /// <summary>Does both.</summary>
    /// <param name="target">The model; edited in place.</param>
    /// <param name="remaining">Which channels of the original are left; null: all.</param>
    /// <param name="cancellation">Stops between layers.</param>
    /// <returns>What could not be known, and what the data had that a range could not hold.</returns>
    public IReadOnlyList<Diagnostic> Run(QuantisedGraph target, Shrinkage? remaining, CancellationToken cancellation)
    {
        var (places, pairs) = (target.Places, target.Pairs);
        // What layers read goes by other names once there are pairs.
        var layers = places.Walked.Select(map => (Map: map, Read: Find(map, target.Shapes, remaining), Shares: ReadShares.Of(map, target.Shapes))).ToArray();
        var (scales, warnings) = ActivationRanges.Of(
            places.Observed.ToDictionary(t => t, t => statistics.Ranges[t], StringComparer.Ordinal), target.Original.Graph, options);
        pairs.Add(places, scales);
        foreach (var (map, read, shares) in layers)
        {
            cancellation.ThrowIfCancellationRequested();
            Round(map, new StatisticsMoments(read, shares), target.Made.Graph, target.Rounded.IsAlone(map.Weight) ? 0 : pairs.ScaleOf(map.Input)?.Scale ?? 0, target.Rounded);
        }

        return layers.Length == 0 ? warnings : [.. warnings, Told([.. layers.Where(l => l.Read is null).Select(l => l.Map.Node.Name)], layers.Length)];
    }

    private static Diagnostic Told(string[] unknown, int all) => new(
        DiagnosticCodes.NumbersFromStatistics,
        Severity.Information,
        "Ranges, error feedback and biases are those of the statistics, of the network before anything was removed or rounded: there are no samples to run"
            + (unknown.Length == 0 ? "." : $"; {unknown.Length} of {all} layers ('{unknown[0]}' first) are rounded to the nearest, since the statistics do not say what these read."));

    /// <summary>Statistics of what a layer reads.</summary>
    private TapStatistics? Find(LinearMap map, TensorShapes shapes, Shrinkage? remaining)
    {
        if (shapes.Of(map.Input) is not { } dims)
        {
            return null;
        }

        var axis = map.ChannelAxis(dims.Length);
        var live = remaining?.Axes(map.Input) is { } axes && axis < axes.Length ? axes[axis] : null;
        var kept = live is not null && remaining!.Shrinks(live) ? remaining.Indices(live) : null;
        var channels = kept is null ? map.Inputs : live!.Length;
        var found = statistics.Find(new ChannelTap(map.Input, axis, channels, [.. Enumerable.Range(0, channels)]));
        return found is null || found.Rows == 0 || (kept?.Length ?? map.Inputs) != map.Inputs ? null : kept is null ? found : found.Select(kept);
    }

    private void Round(LinearMap map, StatisticsMoments moments, ModelGraph graph, double inputStep, RoundedWeights weights)
    {
        var weight = graph.Constant(map.Weight)!;
        var (values, layout, grid) = (weight.ReadFloats(), map.Layout, weights.GridOf(map.Weight));
        var bias = WalkBiases.Read(map, graph);
        var rounded = new RoundedLayer[layout.Groups];
        for (var g = 0; g < layout.Groups; g++)
        {
            var (own, ownBias) = (layout.Read(values, g), bias?[(g * layout.Outputs)..((g + 1) * layout.Outputs)]);
            rounded[g] = _rounding.Round((own, ownBias), moments.Of(own, ownBias, g, backend), inputStep, grid);
            layout.Write(rounded[g].Solution.Weights, values, g);
        }

        weight.Write([.. weight.Dims], values);
        if (bias is not null)
        {
            WalkBiases.Write(map, graph, [.. rounded.SelectMany(r => r.Solution.Bias!).Select(b => (float)b)]);
        }

        RoundedLayer.Note(weights, map.Weight, rounded);
    }
}
