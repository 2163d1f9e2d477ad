using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.LowRank;

/// <summary>
/// Response low rank: with U the leading eigenvectors of the outputs' covariance, <c>Y ~ m + U U^T (Y - m)</c> is the
/// best approximation of the measured outputs in any r directions, and <c>U (U^T W)</c> with the mean m in the bias makes
/// exactly that. Where no bias can take the mean, moments about zero are used.
/// </summary>
/// <param name="backend">Factorises.</param>
internal sealed class ResponseSplit(IDenseBackend backend) : SplitMethod(backend)
{
    /// <inheritdoc />
    public override SplitForm Form => SplitForm.Response;

    /// <inheritdoc />
    public override bool Applies(LayerProblem problem) => problem.Output is { Rows: > 0 };

    /// <inheritdoc />
    public override IEnumerable<SplitOption> Price(LayerProblem problem)
    {
        var errors = Errors(problem);
        return Enumerable.Range(1, problem.Size.LargestRank).Select(r => new SplitOption(new SplitShape(Form, r), errors[r]));
    }

    /// <inheritdoc />
    public override SplitFactors Build(LayerProblem problem, SplitShape shape)
    {
        var total = problem.Output!.Total();
        var left = FirstColumns(Backend.SymmetricEigen(problem.OutputMoments(total, total).Gram).Vectors, shape.Rank);
        var right = Backend.Multiply(left, problem.Weight, Transpose.Yes);
        return new SplitFactors(
            [new SplitFactor(right, problem.Axes(true), 1, Reduce), new SplitFactor(left, problem.Axes(false), 1, Expand)],
            problem.TakesMean ? Offset(left, LayerProblem.MeansOf(total), problem.Bias) : null);
    }

    /// <summary><c>errors[r]</c>: what U of one fold leaves of the other, relative, Frobenius.</summary>
    public double[] Errors(LayerProblem problem)
    {
        var statistics = problem.Output!;
        // With so few samples that one fold is empty, the fold that has rows judges itself.
        var fit = statistics.Fit.Rows > 0 ? statistics.Fit : statistics.Check;
        var check = statistics.Check.Rows > 0 ? statistics.Check : fit;
        var vectors = Backend.SymmetricEigen(problem.OutputMoments(fit, fit).Gram).Vectors;
        var judged = problem.OutputMoments(check, fit).Gram;
        return ErrorsOf(Carried(vectors, judged), Trace(judged));
    }

    /// <summary>The energy along each direction: the diagonal of <c>U^T G U</c>.</summary>
    private double[] Carried(Matrix<double> vectors, Matrix<double> gram)
    {
        var product = Backend.Multiply(gram, vectors);
        var carried = new double[vectors.Columns];
        for (var i = 0; i < vectors.Rows; i++)
        {
            for (var j = 0; j < carried.Length; j++)
            {
                carried[j] += vectors[i, j] * product[i, j];
            }
        }

        return carried;
    }

    private static double Trace(Matrix<double> gram) => Enumerable.Range(0, gram.Rows).Sum(i => gram[i, i]);

    /// <summary><c>(I - U U^T) (mean - bias)</c>: the part of the mean that the factors cannot make.</summary>
    private static double[] Offset(Matrix<double> left, double[] means, double[]? bias)
    {
        double[] offset = [.. means.Select((m, i) => m - (bias?[i] ?? 0))];
        var along = new double[left.Columns];
        for (var i = 0; i < left.Rows; i++)
        {
            for (var j = 0; j < along.Length; j++)
            {
                along[j] += left[i, j] * offset[i];
            }
        }

        for (var i = 0; i < left.Rows; i++)
        {
            for (var j = 0; j < along.Length; j++)
            {
                offset[i] -= left[i, j] * along[j];
            }
        }

        return offset;
    }
}
