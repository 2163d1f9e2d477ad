using OnnxCompress.Forms;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.LowRank;

/// <summary>Input-side low rank: a 1x1 that keeps the input directions the layer needs, then a thin layer.</summary>
/// <param name="backend">Factorises.</param>
internal sealed class InputSplit(IDenseBackend backend) : SplitMethod(backend)
{
    /// <inheritdoc />
    public override SplitForm Form => SplitForm.Input;

    /// <inheritdoc />
    public override bool Applies(LayerProblem problem) => problem.Input is { Rows: > 0 };

    /// <inheritdoc />
    public override IEnumerable<SplitOption> Price(LayerProblem problem)
    {
        var errors = Errors(problem);
        return Enumerable.Range(1, problem.Size.Inputs).Select(r => new SplitOption(new SplitShape(Form, r), errors[r]));
    }

    /// <inheritdoc />
    public override SplitFactors Build(LayerProblem problem, SplitShape shape)
    {
        var (reduce, restored) = Sides(problem, shape.Rank);
        return new SplitFactors(
            [new SplitFactor(reduce, problem.Axes(false), 1, Reduce), new SplitFactor(restored, problem.Axes(true), 1, Expand)]);
    }

    /// <summary><c>errors[r]</c> on the fold that was not fitted to.</summary>
    public double[] Errors(LayerProblem problem)
    {
        var statistics = problem.Input!;
        var fit = statistics.Fit.Rows > 0 ? statistics.Fit : statistics.Check;
        return InputDirections.Of(problem, fit, statistics.Check.Rows > 0 ? statistics.Check : fit, problem.Size.Inputs, Backend).Errors;
    }

    /// <summary>The 1x1 (<c>rank x inputs</c>) and the weight behind it (<c>outputs x (rank * kernel)</c>).</summary>
    public (Matrix<double> Reduce, Matrix<double> Behind) Sides(LayerProblem problem, int rank)
    {
        var total = problem.Input!.Total();
        var directions = InputDirections.Of(problem, total, total, rank, Backend);
        // (outputs * kernel) x rank, then the kernel innermost again.
        var byTap = Backend.Multiply(problem.WeightByInput(), directions.Restore);
        var taps = problem.Size.Taps;
        var rest = new Matrix<double>(problem.Size.Outputs, rank * taps);
        for (var i = 0; i < byTap.Rows; i++)
        {
            for (var j = 0; j < rank; j++)
            {
                rest[i / taps, (j * taps) + (i % taps)] = byTap[i, j];
            }
        }

        return (directions.Reduce, rest);
    }
}
