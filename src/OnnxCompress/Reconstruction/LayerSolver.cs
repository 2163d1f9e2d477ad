using OnnxCompress.Calibration;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Running;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// Solves one layer: <c>min over W of ||T - W X||^2 + lambda ||W - W_m||^2</c>, with X what the layer reads in the compressed
/// network, T what the original made (plus what the other branch of an Add has drifted by), W_m the method's own
/// weights, and rank W at most r for a split layer (reduced-rank regression). Ridge, target and whether to change
/// anything at all are decided on rows that were not fitted. One chain serves a layer: its moments go to the backend once,
/// and weights come back once, however many ridges are tried.
/// </summary>
/// <param name="backend">Does the linear algebra.</param>
internal sealed class LayerSolver(IDenseBackend backend)
{
    /// <summary>Ridges that are tried, relative to the mean diagonal of <c>X X^T</c>; the search starts in the middle.</summary>
    private static readonly double[] Ridges = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10];

    private const int FirstRidge = 3;

    /// <summary>How often the column of a kernel and its row are solved for in turn: from the best guess, and from the column of a problem like it.</summary>
    private const int Sweeps = 3, SweepsFromLike = 1;

    /// <summary>Matrices of inputs x inputs that a solution leaves behind: the system that was factorised.</summary>
    private const int LeftBehind = 1;

    private readonly DiscardedMemory _discarded = new();

    /// <summary>What directions of layers' outputs count; null where all do alike.</summary>
    public OutputMetrics? Metrics { get; init; }

    /// <summary>Solves all groups of a layer, side by side.</summary>
    /// <param name="site">The layer; its rank is the largest of the weights.</param>
    /// <param name="accumulator">Its moments.</param>
    /// <param name="weights">The method's weights.</param>
    /// <param name="like">Solutions of nearly the same problem, see <see cref="Solve"/>.</param>
    public LayerSolution[] SolveGroups(FitSite site, FitAccumulator accumulator, FitWeights weights, LayerSolution[]? like = null)
    {
        var bias = weights.ReadBias(site);
        var outputs = FitAccumulator.OutputsPerGroup(site);
        var metric = site.Rank is null || site.Turn is not null || site.Turned is not null ? null : Metrics?.Of(site.Output, site.KeptOutputs, backend);
        var solutions = new LayerSolution[accumulator.Moments.Length];
        ParallelWork.For(
            solutions.Length,
            backend.Threads,
            g => solutions[g] = Solve(
                accumulator.Moments[g], weights.Read(site, g), bias?[(g * outputs)..((g + 1) * outputs)],
                new RankLimit(site.Rank, site.Folded) { Metric = metric, Column = like is null ? null : weights.ReadColumn(site) }, like?[g]),
            CancellationToken.None);
        _discarded.Add((long)LeftBehind * sizeof(double) * solutions.Length * site.Layout.Columns * site.Layout.Columns);
        return solutions;
    }

    /// <summary>Solves.</summary>
    /// <param name="moments">Moments of both folds.</param>
    /// <param name="prior">The method's weights, <c>outputs x inputs</c>.</param>
    /// <param name="priorBias">The method's bias; null where the outputs cannot have one of our choice.</param>
    /// <param name="form">What weights may be.</param>
    /// <param name="like">A solution of nearly the same problem: its target is kept, and the search begins at its ridge; null for none.</param>
    /// <returns>The solution; its weights are the method's where nothing better was found.</returns>
    public LayerSolution Solve(FitMoments moments, Matrix<double> prior, double[]? priorBias, RankLimit form, LayerSolution? like = null)
    {
        // Where the method's weights were kept there is no ridge to begin at.
        like = like is { Ridge: var ridge } && double.IsPositiveInfinity(ridge) ? null : like;
        var first = like is null ? FirstRidge : Array.IndexOf(Ridges, like.Ridge);
        var fit = moments.Fit.Rows > 0 ? moments.Fit : moments.Check;
        var check = moments.Check.Rows > 0 ? moments.Check : fit;
        // What the network sees is the sum; a target without drift is judged by it all the same.
        using var chain = backend.OpenChain((double)prior.Columns * prior.Columns * Math.Max(prior.Rows, prior.Columns));
        var work = new ChainMoments(chain);
        var method = chain.Put(prior.Transpose());
        var before = MethodError(work, check.Target(priorBias is null ? null : check.Means(), moments.HasDrift), (prior, method), priorBias);
        var judge = work.Judge(check.Target(priorBias is null ? null : fit.Means(), moments.HasDrift));
        var best = new Trial(double.PositiveInfinity, moments.HasDrift, judge.ErrorOf(method));
        bool[] targets = !moments.HasDrift ? [false] : like is null ? [true, false] : [like.UsesDrift];
        foreach (var withDrift in targets)
        {
            var solver = Solver(work, fit.Target(priorBias is null ? null : fit.Means(), withDrift), (prior, method), form);
            var trial = Search(solver, judge, withDrift, first);
            best = trial.Error < best.Error ? trial : best;
        }

        var energy = check.Energy(null, moments.HasDrift);
        // Where a network's values overflow no error is a number, and nothing is better than what is there.
        if (!(best.Error < before))
        {
            return new LayerSolution(prior, null, null, Relative(before, energy), Relative(before, energy), double.PositiveInfinity, false);
        }

        var final = moments.Total(priorBias is not null, best.WithDrift);
        var (weights, expand) = (prior, (Matrix<double>?)null);
        if (!double.IsPositiveInfinity(best.Ridge) && Solver(work, final, (prior, method), form)(best.Ridge) is var (solved, basis))
        {
            var transposed = new Matrix<double>(solved.Rows, solved.Columns);
            chain.Read(solved, transposed);
            (weights, expand) = (transposed.Transpose(), basis);
        }

        return new LayerSolution(
            weights, expand, priorBias is null ? null : final.BiasFor(weights), Relative(before, energy), Relative(best.Error, energy), best.Ridge, best.WithDrift);
    }

    private static double Relative(double error, double energy) => energy > 0 ? Math.Sqrt(error / energy) : 0;

    /// <summary>The squared error of the method's own weights with its own bias.</summary>
    /// <param name="work">The chain.</param>
    /// <param name="own">Moments about the means of the rows that judge.</param>
    /// <param name="prior">The weights, and the operand that they are transposed.</param>
    /// <param name="priorBias">The bias; null for none.</param>
    private static double MethodError(ChainMoments work, TargetMoments own, (Matrix<double> Weights, IDenseOperand Transposed) prior, double[]? priorBias)
    {
        var error = work.Judge(own).ErrorOf(prior.Transposed);
        return priorBias is null ? error : error + (own.Rows * own.BiasFor(prior.Weights).Zip(priorBias, (b, p) => (b - p) * (b - p)).Sum());
    }

    /// <summary>The best ridge: one step to either side while the error of the unfitted rows falls.</summary>
    private static Trial Search(Func<double, (IDenseOperand Weights, Matrix<double>? Expand)?> solver, RidgeJudge judge, bool withDrift, int first)
    {
        double ErrorAt(int index)
        {
            if (solver(Ridges[index]) is not var (weights, _))
            {
                return double.PositiveInfinity;
            }

            using (weights)
            {
                return judge.ErrorOf(weights);
            }
        }

        var (best, error) = (first, ErrorAt(first));
        foreach (var step in new[] { 1, -1 })
        {
            var found = false;
            while (best + step >= 0 && best + step < Ridges.Length && ErrorAt(best + step) is var next && next < error)
            {
                (best, error, found) = (best + step, next, true);
            }

            if (found)
            {
                break;
            }
        }

        return new Trial(Ridges[best], withDrift, error);
    }

    /// <summary>Solves a problem for ridges, one after the other.</summary>
    private Func<double, (IDenseOperand Weights, Matrix<double>? Expand)?> Solver(
        ChainMoments work, TargetMoments moments, (Matrix<double> Weights, IDenseOperand Transposed) prior, RankLimit form)
    {
        if (form.Folded is { } kernel)
        {
            return Folded(work, new FoldedFit(backend, kernel, form.Rank!.Value, moments, prior.Weights) { Column = form.Column }, form);
        }

        var problem = work.Problem(moments, prior.Transposed);
        return ridge => Fit(problem, form, ridge);
    }

    /// <summary>
    /// The column is solved for at the first ridge that there is a solution for; other ridges change the row alone. Problems of one layer
    /// are alike: the next begins where this one ended.
    /// </summary>
    private static Func<double, (IDenseOperand Weights, Matrix<double>? Expand)?> Folded(ChainMoments work, FoldedFit fit, RankLimit form)
    {
        var sweeps = form.Column is null ? Sweeps : SweepsFromLike;
        return ridge =>
        {
            var lambda = ridge * fit.MeanDiagonal;
            if (!(lambda > 0) || !double.IsFinite(lambda))
            {
                return null;
            }

            try
            {
                if (fit.Solve(lambda, sweeps) is not { } weights)
                {
                    return null;
                }

                (sweeps, form.Column) = (0, fit.Column);
                return (work.Put(weights.Transpose()), null);
            }
            catch (NumericException)
            {
                return null;
            }
        };
    }

    /// <summary>The weights for one ridge, transposed; null when the problem cannot be solved with so small a one.</summary>
    private (IDenseOperand Weights, Matrix<double>? Expand)? Fit(RidgeProblem problem, RankLimit form, double ridge)
    {
        var lambda = problem.RelativeLambda(ridge);
        if (!(lambda > 0) || !double.IsFinite(lambda))
        {
            return null;
        }

        try
        {
            if (form.Rank is { } most && most < problem.Outputs)
            {
                return problem.SolveLowRank(backend, lambda, most, form.Metric is { } metric ? (metric.Root, metric.Inverse) : null);
            }

            return problem.Solve(lambda) is { } weights ? (weights, null) : null;
        }
        catch (NumericException)
        {
            return null;
        }
    }

    private readonly record struct Trial(double Ridge, bool WithDrift, double Error);

    /// <summary>Moments in a chain: each Gram goes there once, whatever it is asked for.</summary>
    private sealed class ChainMoments(IDenseChain chain)
    {
        private readonly Dictionary<Matrix<double>, IDenseOperand> _grams = new(ReferenceEqualityComparer.Instance);

        public RidgeJudge Judge(TargetMoments moments) => new(chain, moments.Scatter(chain, Put), moments.CrossTransposed, moments.Energy);

        public RidgeProblem Problem(TargetMoments moments, IDenseOperand prior) => new(chain, moments.Scatter(chain, Put), moments.CrossTransposed, prior);

        public IDenseOperand Put(Matrix<double> gram) =>
            _grams.TryGetValue(gram, out var known) ? known : _grams[gram] = chain.Put(gram);
    }
}
