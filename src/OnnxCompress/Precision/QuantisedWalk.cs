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
    /// <summary>Ridges of the feedback, relative to the mean diagonal of the Gram, lie between these.</summary>
    private const double LeastRidge = 1e-4, MostRidge = 1e-1, UsualRidge = 1e-2;

    private readonly LayerSolver _solver = new(backend);
    private readonly ErrorFeedback _feedback = new(backend);

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

                Round(site, accumulator, model.Graph, stepOf(site.Map.Input), weights);
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
        var rounded = new (LayerSolution Solution, WeightSteps Steps)[accumulator.Moments.Length];
        ParallelWork.For(
            rounded.Length,
            backend.Threads,
            g => rounded[g] = Round(accumulator.Moments[g], (values.Read(site, g), bias?[(g * perGroup)..((g + 1) * perGroup)]), inputStep, grid),
            CancellationToken.None);
        values.Write(site, [.. rounded.Select(r => r.Solution)]);
        weights.Note(
            site.Map.Weight, WeightSteps.Joined([.. rounded.Select(r => r.Steps)]), Math.Sqrt(rounded.Average(r => r.Solution.ErrorAfter * r.Solution.ErrorAfter)));
    }

    private (LayerSolution Solution, WeightSteps Steps) Round(FitMoments moments, (Matrix<double> Weights, double[]? Bias) given, double inputStep, WeightGrid grid)
    {
        var (prior, priorBias) = given;
        var solved = options.Refits ? _solver.Solve(moments, prior, priorBias, rank: null) : null;
        var (weights, withDrift) = (solved?.Weights ?? prior, solved?.UsesDrift ?? moments.HasDrift);
        var fit = moments.Fit.Rows > 0 ? moments.Fit : moments.Check;
        var check = moments.Check.Rows > 0 ? moments.Check : fit;
        TargetMoments Target(FitFold fold, FitFold about, bool drift) => fold.Target(priorBias is null ? null : about.Means(), drift);
        var final = moments.Total(priorBias is not null, withDrift);

        var steps = Steps(weights, priorBias, final.Normal, inputStep, grid);
        var nearest = grid.Round(weights, steps);
        var judge = Target(check, fit, moments.HasDrift);
        var (chosen, error) = (nearest, Error(judge, nearest));
        var ridge = solved is { Ridge: var found } && double.IsFinite(found) ? Math.Clamp(found, LeastRidge, MostRidge) : UsualRidge;
        if (options.Feeds && Feed(weights, Target(fit, fit, withDrift).Normal, steps, ridge, grid) is var (fed, _) && Error(judge, fed) < error
            && Feed(weights, final.Normal, steps, ridge, grid) is var (all, stepsOfAll))
        {
            (chosen, error, steps) = (all, Error(judge, fed), stepsOfAll);
        }

        var energy = check.Energy(null, moments.HasDrift);
        var bias = priorBias is null ? null : options.Corrects ? final.BiasFor(chosen) : priorBias;
        var relative = energy > 0 ? Math.Sqrt(Math.Max(0, error) / energy) : 0;
        return (new LayerSolution(chosen, null, bias, relative, relative, ridge, withDrift), steps);
    }

    private WeightSteps Steps(Matrix<double> weights, double[]? bias, Matrix<double> normal, double inputStep, WeightGrid grid)
    {
        var importance = new double[weights.Columns];
        for (var i = 0; i < importance.Length; i++)
        {
            importance[i] = normal[i, i];
        }

        var steps = new WeightSteps(weights.Rows, weights.Columns, grid.Block);
        var width = grid.Block == 0 ? weights.Columns : grid.Block;
        for (var o = 0; o < weights.Rows; o++)
        {
            for (var from = 0; from < weights.Columns; from += width)
            {
                var here = Math.Min(width, weights.Columns - from);
                var (block, costs) = (weights.Row(o).Slice(from, here).ToArray(), importance[from..(from + here)]);
                steps[o, from] = (grid.Block > 0, options.Feeds) switch
                {
                    (true, true) => grid.BlockStep(block, costs),
                    (true, false) => grid.WholeBlockStep(block),
                    (false, true) => grid.Step(block, costs, bias?[o] ?? 0, inputStep),
                    (false, false) => grid.WholeStep(block, bias?[o] ?? 0, inputStep),
                };
            }
        }

        return steps;
    }

    private (Matrix<double> Weights, WeightSteps Steps)? Feed(Matrix<double> weights, Matrix<double> normal, WeightSteps steps, double ridge, WeightGrid grid)
    {
        var lambda = RidgeProblem.RelativeLambda(normal, ridge);
        if (!(lambda > 0) || !double.IsFinite(lambda))
        {
            return null;
        }

        var gram = normal.Clone();
        for (var i = 0; i < gram.Rows; i++)
        {
            gram[i, i] += lambda;
        }

        // Steps of blocks are set on the way.
        steps = grid.Block == 0 ? steps : new WeightSteps(weights.Rows, weights.Columns, grid.Block);
        return _feedback.Round(weights, gram, grid, steps) is { } rounded ? (rounded, steps) : null;
    }

    /// <summary>||T - W X||^2 of the rows behind some moments.</summary>
    private double Error(TargetMoments moments, Matrix<double> weights)
    {
        var product = backend.Multiply(weights, moments.Normal);
        double sum = moments.Energy;
        for (var o = 0; o < weights.Rows; o++)
        {
            for (var i = 0; i < weights.Columns; i++)
            {
                sum += weights[o, i] * (product[o, i] - (2 * moments.Cross[o, i]));
            }
        }

        return sum;
    }
}
