using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Running;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// Solves the weights of a compressed network for the outputs of the original one, layer after layer. Sequentially, a
/// layer is fitted to what it really reads once the layers in front of it are final; locally, to what the original
/// network gives it.
/// </summary>
/// <param name="runtime">Where both networks run.</param>
/// <param name="backend">Does the linear algebra.</param>
/// <param name="threads">Threads of the runtime; 0 means all cores.</param>
/// <param name="metrics">What directions of layers' outputs count; null where all do alike.</param>
internal sealed class Reconstructor(IModelRuntime runtime, IDenseBackend backend, int threads, OutputMetrics? metrics = null)
{
    private readonly LayerSolver _solver = new(backend) { Metrics = metrics };

    /// <summary>Refits a network in place.</summary>
    /// <param name="outputs">The original network and what it makes of the calibration data.</param>
    /// <param name="compressed">The compressed one with the methods' weights.</param>
    /// <param name="shrinkage">Which channels stayed.</param>
    /// <param name="mode">Local or sequential; none changes nothing.</param>
    /// <param name="progress">Told after each layer.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    /// <returns>One entry for each layer that was looked at.</returns>
    public IReadOnlyList<FitOutcome> Run(
        OriginalOutputs outputs, OnnxModel compressed, Shrinkage shrinkage, ReconstructionMode mode, IProgress<ProgressUpdate>? progress,
        CancellationToken cancellation)
    {
        if (mode == ReconstructionMode.None)
        {
            return [];
        }

        var sites = Sites(outputs, compressed, shrinkage, mode);
        if (sites.Length == 0)
        {
            return [];
        }

        var rows = new FitRows(outputs, backend);
        if (mode == ReconstructionMode.Local)
        {
            var accumulators = rows.Accumulate(sites, cancellation);
            return [.. sites.Select((site, i) => Solve(site, accumulators[i], compressed.Graph).Outcome)];
        }

        outputs.Take(sites, cancellation);
        var walk = new NetworkWalk(runtime, compressed, outputs.Batches, outputs.Store, threads);
        try
        {
            return Sequence(compressed, sites, new ScoreFit(sites, shrinkage, _solver, backend), rows, walk, progress, cancellation);
        }
        finally
        {
            walk.End();
        }
    }

    /// <summary>The biases that fitting may add to a network, which counts before its budget is checked.</summary>
    /// <returns>For each its elements, and the bytes of the file that it takes at most.</returns>
    public static IEnumerable<(long Elements, long Bytes)> AddedBiases(OriginalOutputs outputs, OnnxModel compressed, Shrinkage shrinkage, ReconstructionMode mode) =>
        mode == ReconstructionMode.None ? [] : [.. Sites(outputs, compressed, shrinkage, mode).Where(s => FitWeights.AddsBias(s, compressed.Graph)).Select(FitWeights.AddedBias)];

    private static FitSite[] Sites(OriginalOutputs outputs, OnnxModel compressed, Shrinkage shrinkage, ReconstructionMode mode)
    {
        compressed.Graph.Index();
        var sites = new FitSites(outputs.Original.Graph, compressed.Graph, shrinkage).Find();
        // Without channels gone the original network gives a layer what it had: locally nothing is left to fit.
        return mode == ReconstructionMode.Local
            ? [.. sites.Where(s => s.OriginalInput is not null && s.KeptInputs is not null && s.Expand is null && s.Sharers.Count == 0).Select(s => s with { Beside = null, Aim = null })]
            : [.. sites];
    }

    private List<FitOutcome> Sequence(
        OnnxModel compressed, FitSite[] sites, ScoreFit scores, FitRows rows, NetworkWalk walk, IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        var outcomes = new List<FitOutcome>();
        for (var i = 0; i < sites.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var site = sites[i];
            walk.Advance([.. site.Uses.Select(use => use.Map.Input), .. site.Beside is null ? [] : new[] { site.Beside }], cancellation);
            if (scores.ProductOf(site) is { } product)
            {
                var wide = rows.AccumulateKept(scores.Widened(site), cancellation);
                outcomes.Add(scores.Solve(product, site, wide.Moments[0], compressed.Graph));
                progress?.Report(new ProgressUpdate("reconstruct", i + 1, sites.Length));
                continue;
            }

            var accumulator = rows.AccumulateKept(site, cancellation);
            var (outcome, solutions) = Solve(site, accumulator, compressed.Graph);
            if (site.Range is { } range)
            {
                // From the solution for all values to that for those which the activation lets through.
                rows.Retarget(accumulator, new FitWeights(compressed.Graph, backend).Active(site, range), site, cancellation);
                outcome = outcome with { ErrorAfter = Solve(site, accumulator, compressed.Graph, solutions).Outcome.ErrorAfter };
            }

            outcomes.Add(outcome);
            progress?.Report(new ProgressUpdate("reconstruct", i + 1, sites.Length));
        }

        return outcomes;
    }

    private (FitOutcome Outcome, LayerSolution[] Solutions) Solve(FitSite site, FitAccumulator accumulator, ModelGraph graph, LayerSolution[]? like = null)
    {
        var weights = new FitWeights(graph, backend);
        var solutions = _solver.SolveGroups(site, accumulator, weights, like);
        if (Array.Exists(solutions, s => s.IsChanged))
        {
            weights.Write(site, solutions);
        }

        var outcome = new FitOutcome(
            site.Name, RootMeanSquare(solutions, s => s.ErrorBefore), RootMeanSquare(solutions, s => s.ErrorAfter), solutions.Max(s => s.Ridge),
            Array.Exists(solutions, s => s.UsesDrift));
        return (outcome, solutions);
    }

    private static double RootMeanSquare(LayerSolution[] solutions, Func<LayerSolution, double> of) => Math.Sqrt(solutions.Average(s => of(s) * of(s)));
}
