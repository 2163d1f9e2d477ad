using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Running;

namespace OnnxCompress.Precision;

/// <summary>
/// Rounds the weights of a network whose activations are in bytes already, layer after layer: each is solved in floating point
/// for what the float network makes, from what the layers in front of it make now; rounded with error feedback where that is
/// better on rows that were not fitted; and given the bias with which its mean is the float network's.
/// </summary>
/// <param name="runtime">Where the network runs.</param>
/// <param name="backend">Does the linear algebra.</param>
/// <param name="options">Which of these are done.</param>
internal sealed class QuantisedWalk(IModelRuntime runtime, IDenseBackend backend, QuantizerOptions options)
{
    private readonly LayerSolver _solver = new(backend);
    private readonly LayerRounding _rounding = new(backend, options);

    /// <summary>Rounds weights in place: they stay single floats, with values of their grids.</summary>
    /// <param name="outputs">What the float network makes.</param>
    /// <param name="model">The network with its pairs.</param>
    /// <param name="shrinkage">Its axes, all of which stay.</param>
    /// <param name="stepOf">Gives the step of a layer's input; 0 where its bias is added in floating point.</param>
    /// <param name="weights">The weights to round; the steps of those that were are noted.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    public void Run(
        OriginalOutputs outputs, OnnxModel model, Shrinkage shrinkage, Func<string, double> stepOf, RoundedWeights weights, CancellationToken cancellation)
    {
        var sites = new FitSites(outputs.Original.Graph, model.Graph, shrinkage).All()
            .Where(s => weights.Wants(s.Map.Weight) && s.Expand is null).Select(s => options.Refits ? s : s with { Range = null }).ToArray();
        if (sites.Length == 0)
        {
            return;
        }

        var branches = new BranchesBeside(model.Graph, shrinkage.Shapes, sites);
        sites = options.Refits ? [.. sites.Select((_, i) => branches.See(i))] : sites;

        outputs.Take(sites, cancellation);
        var rows = new FitRows(outputs, backend);
        var walk = new NetworkWalk(runtime, model, outputs.Batches, outputs.Store, options.Walk.Threads);
        try
        {
            foreach (var (i, site) in sites.Index())
            {
                options.Progress?.Report(new ProgressUpdate("quantise", i, sites.Length));
                cancellation.ThrowIfCancellationRequested();
                walk.Advance(site.Beside is null ? [site.Map.Input] : [site.Map.Input, site.BesideNow ?? site.Beside], cancellation);
                var accumulator = rows.AccumulateKept(site, cancellation);
                if (site.Range is { } range)
                {
                    // From the solution for all values to that for those which the activation lets through.
                    Solve(site, accumulator, model.Graph);
                    rows.Retarget(accumulator, new FitWeights(model.Graph, backend).Active(site, range), site, cancellation);
                }

                Round(site, accumulator, model.Graph, weights.IsAlone(site.Map.Weight) ? 0 : stepOf(site.Map.Input), weights);
            }
        }
        finally
        {
            walk.End();
        }
    }

    private void Solve(FitSite site, FitAccumulator accumulator, ModelGraph graph)
    {
        var values = new FitWeights(graph, backend);
        values.Write(site, _solver.SolveGroups(site, accumulator, values));
    }

    private void Round(FitSite site, FitAccumulator accumulator, ModelGraph graph, double inputStep, RoundedWeights weights)
    {
        var values = new FitWeights(graph, backend);
        var bias = values.ReadBias(site);
        var perGroup = FitAccumulator.OutputsPerGroup(site);
        var grid = weights.GridOf(site.Map.Weight);
        var rounded = new RoundedLayer[accumulator.Moments.Length];
        ParallelWork.For(
            rounded.Length,
            backend.Threads,
            g => rounded[g] = Round(accumulator.Moments[g], (values.Read(site, g), bias?[(g * perGroup)..((g + 1) * perGroup)]), inputStep, grid),
            CancellationToken.None);
        values.Write(site, [.. rounded.Select(r => r.Solution)]);
        RoundedLayer.Note(weights, site.Map.Weight, rounded);
    }

    private RoundedLayer Round(FitMoments moments, (Matrix<double> Weights, double[]? Bias) given, double inputStep, WeightGrid grid)
    {
        var (prior, priorBias) = given;
        var solved = options.Refits ? _solver.Solve(moments, prior, priorBias, new RankLimit()) : null;
        var (weights, withDrift) = (solved?.Weights ?? prior, solved?.UsesDrift ?? moments.HasDrift);
        var fit = moments.Fit.Rows > 0 ? moments.Fit : moments.Check;
        var check = moments.Check.Rows > 0 ? moments.Check : fit;
        TargetMoments Target(FitFold fold, FitFold about, bool drift) => fold.Target(priorBias is null ? null : about.Means(), drift);
        return _rounding.Round(
            (weights, priorBias),
            new RoundingMoments(Target(fit, fit, withDrift), Target(check, fit, moments.HasDrift), moments.Total(priorBias is not null, withDrift), check.Energy(null, moments.HasDrift)) { UsesDrift = withDrift, Ridge = solved?.Ridge, Rows = check.Rows },
            inputStep,
            grid);
    }
}
