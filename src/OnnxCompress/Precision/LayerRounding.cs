using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;

namespace OnnxCompress.Precision;

/// <summary>Rounds the weights of one layer: with error feedback where that is better on rows that were not fitted, and with the bias that goes with them.</summary>
/// <param name="backend">Does the linear algebra.</param>
/// <param name="options">Which of these are done.</param>
internal sealed class LayerRounding(IDenseBackend backend, QuantizerOptions options)
{
    /// <summary>Ridges of the feedback, relative to the mean diagonal of the Gram, lie between these.</summary>
    private const double LeastRidge = 1e-4, MostRidge = 1e-1, UsualRidge = 1e-2;

    private readonly ErrorFeedback _feedback = new(backend);

    /// <summary>Rounds.</summary>
    /// <param name="given">Weights, <c>outputs x columns</c>, and the bias; null where none can be set.</param>
    /// <param name="moments">What the layer reads and should make.</param>
    /// <param name="inputStep">The step of its input; 0 where its bias is added in floating point.</param>
    /// <param name="grid">The values that a weight can have.</param>
    public RoundedLayer Round((Matrix<double> Weights, double[]? Bias) given, RoundingMoments moments, double inputStep, WeightGrid grid)
    {
        var (weights, priorBias) = given;
        var steps = Steps(weights, priorBias, moments.Total.Normal, inputStep, grid);
        var nearest = grid.Round(weights, steps);
        var (chosen, error) = (nearest, Error(moments.Check, nearest));
        var ridge = moments.Ridge is { } found && double.IsFinite(found) ? Math.Clamp(found, LeastRidge, MostRidge) : UsualRidge;
        if (options.Feeds && Feed(weights, moments.Fit.Normal, steps, ridge, grid) is var (fed, _) && Error(moments.Check, fed) < error
            && Feed(weights, moments.Total.Normal, steps, ridge, grid) is var (all, stepsOfAll))
        {
            (chosen, error, steps) = (all, Error(moments.Check, fed), stepsOfAll);
        }

        var bias = priorBias is null ? null : options.Corrects ? moments.Total.BiasFor(chosen) : priorBias;
        double Relative(double sum) => moments.Energy > 0 ? Math.Sqrt(Math.Max(0, sum) / moments.Energy) : 0;
        var relative = Relative(error);
        return new(
            new LayerSolution(chosen, null, bias, relative, relative, ridge, moments.UsesDrift), steps, Relative(Math.Max(0, error - Error(moments.Check, weights)) + InputNoise(weights, inputStep, moments.Rows)));
    }

    /// <summary>What values rounded to a step add to the squares of the outputs: each has a variance of a twelfth of its square.</summary>
    private static double InputNoise(Matrix<double> weights, double step, long rows)
    {
        var squares = 0.0;
        for (var o = 0; o < weights.Rows; o++)
        {
            foreach (var value in weights.Row(o))
            {
                squares += value * value;
            }
        }

        return step * step / 12 * squares * rows;
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
