using OnnxCompress.Calibration;
using OnnxCompress.Numerics;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// Solves one layer: <c>min over W of ||T - W X||^2 + lambda ||W - W_m||^2</c>, with X what the layer reads in the compressed
/// network, T what the original made (plus what the other branch of an Add has drifted by), W_m the method's own
/// weights, and rank W at most r for a split layer (reduced-rank regression). Ridge, target and whether to change
/// anything at all are decided on rows that were not fitted.
/// </summary>
/// <param name="backend">Does the linear algebra.</param>
internal sealed class LayerSolver(IDenseBackend backend)
{
    /// <summary>Ridges that are tried, relative to the mean diagonal of <c>X X^T</c>; the search starts in the middle.</summary>
    private static readonly double[] Ridges = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10];

    private const int FirstRidge = 3;

    /// <summary>Solves.</summary>
    /// <param name="moments">Moments of both folds.</param>
    /// <param name="prior">The method's weights, <c>outputs x inputs</c>.</param>
    /// <param name="priorBias">The method's bias; null where the outputs cannot have one of our choice.</param>
    /// <param name="rank">Largest rank of the weights; null for any.</param>
    /// <param name="like">A solution of nearly the same problem: its target is kept, and the search begins at its ridge; null for none.</param>
    /// <returns>The solution; its weights are the method's where nothing better was found.</returns>
    public LayerSolution Solve(FitMoments moments, Matrix<double> prior, double[]? priorBias, int? rank, LayerSolution? like = null)
    {
        // Where the method's weights were kept there is no ridge to begin at.
        like = like is { Ridge: var ridge } && double.IsPositiveInfinity(ridge) ? null : like;
        var first = like is null ? FirstRidge : Array.IndexOf(Ridges, like.Ridge);
        var statistics = moments.Statistics;
        var fit = statistics.Fit.Rows > 0 ? statistics.Fit : statistics.Check;
        var check = statistics.Check.Rows > 0 ? statistics.Check : fit;
        // What the network sees is the sum; a target without drift is judged by it all the same.
        var judge = moments.Target(check, priorBias is null ? null : fit, moments.HasDrift);
        var before = MethodError(moments, check, prior, priorBias);
        var best = new Trial(double.PositiveInfinity, moments.HasDrift, judge.ErrorOf(prior, backend));
        bool[] targets = !moments.HasDrift ? [false] : like is null ? [true, false] : [like.UsesDrift];
        foreach (var withDrift in targets)
        {
            var problem = moments.Target(fit, priorBias is null ? null : fit, withDrift);
            var trial = Search(problem, judge, prior, rank, withDrift, first);
            best = trial.Error < best.Error ? trial : best;
        }

        var energy = moments.Target(check, null, moments.HasDrift).Energy;
        // Where a network's values overflow no error is a number, and nothing is better than what is there.
        if (!(best.Error < before))
        {
            return new LayerSolution(prior, null, null, Relative(before, energy), Relative(before, energy), double.PositiveInfinity, false);
        }

        var total = statistics.Total();
        var final = moments.Target(total, priorBias is null ? null : total, best.WithDrift);
        var (weights, expand) = double.IsPositiveInfinity(best.Ridge) ? (prior, null) : Fit(final, prior, best.Ridge, rank) ?? (prior, null);
        return new LayerSolution(
            weights, expand, priorBias is null ? null : final.BiasFor(weights), Relative(before, energy), Relative(best.Error, energy), best.Ridge, best.WithDrift);
    }

    private static double Relative(double error, double energy) => energy > 0 ? Math.Sqrt(error / energy) : 0;

    /// <summary>The squared error of the method's own weights with its own bias.</summary>
    private double MethodError(FitMoments moments, ChannelStatistics check, Matrix<double> prior, double[]? priorBias)
    {
        var own = moments.Target(check, priorBias is null ? null : check, moments.HasDrift);
        var error = own.ErrorOf(prior, backend);
        return priorBias is null ? error : error + (own.Rows * own.BiasFor(prior).Zip(priorBias, (b, p) => (b - p) * (b - p)).Sum());
    }

    /// <summary>The best ridge: one step to either side while the error of the unfitted rows falls.</summary>
    private Trial Search(TargetMoments problem, TargetMoments judge, Matrix<double> prior, int? rank, bool withDrift, int first)
    {
        double ErrorAt(int index) =>
            Fit(problem, prior, Ridges[index], rank) is var (weights, _) ? judge.ErrorOf(weights, backend) : double.PositiveInfinity;

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

    /// <summary>The weights for one ridge; null when the problem cannot be solved with so small a one.</summary>
    private (Matrix<double> Weights, Matrix<double>? Expand)? Fit(TargetMoments problem, Matrix<double> prior, double ridge, int? rank)
    {
        var lambda = RidgeRegression.RelativeLambda(problem.Normal, ridge);
        if (!(lambda > 0) || !double.IsFinite(lambda))
        {
            return null;
        }

        Matrix<double> weights;
        try
        {
            weights = RidgeRegression.Solve(backend, problem.Normal, problem.Cross, lambda, prior);
        }
        catch (NumericException)
        {
            return null;
        }

        return rank is { } most && most < weights.Rows ? Project(weights, problem.Normal, lambda, most) : (weights, null);
    }

    /// <summary>
    /// The nearest weights of that rank: projected on the leading eigenvectors of <c>W (X X^T + lambda I) W^T</c>; on the
    /// fitted outputs alone would be right only without a ridge.
    /// </summary>
    private (Matrix<double> Weights, Matrix<double> Expand) Project(Matrix<double> weights, Matrix<double> normal, double lambda, int rank)
    {
        var weighted = backend.Multiply(weights, normal);
        for (var i = 0; i < weighted.Values.Length; i++)
        {
            weighted.Values[i] += lambda * weights.Values[i];
        }

        var vectors = backend.SymmetricEigen(backend.Multiply(weighted, weights, Transpose.No, Transpose.Yes)).Vectors;
        var expand = new Matrix<double>(weights.Rows, rank);
        for (var i = 0; i < expand.Rows; i++)
        {
            vectors.Row(i)[..rank].CopyTo(expand.Row(i));
        }

        return (backend.Multiply(expand, backend.Multiply(expand, weights, Transpose.Yes)), expand);
    }

    private readonly record struct Trial(double Ridge, bool WithDrift, double Error);
}
