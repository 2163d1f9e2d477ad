using OnnxCompress.Calibration;
using OnnxCompress.Forms;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.LowRank;

/// <summary>
/// Response low rank: with U the leading eigenvectors of the outputs' covariance, <c>Y ~ m + U U^T (Y - m)</c> is the
/// best approximation of the measured outputs in any r directions, and <c>U (U^T W)</c> with the mean m in the bias makes
/// exactly that. Where no bias can take the mean, moments about zero are used. With few rows for the number of outputs the
/// covariance says nothing about most directions: then it is shrunk towards that of white inputs, <c>W W^T</c> (as Ledoit and
/// Wolf 2004 shrink towards the identity), by the share that serves rows best that it was not taken from. Of a table half
/// of it always is that of its entries, each counted once. Where derivatives of the network's outputs are known, errors count by what the
/// network's outputs feel of them (<see cref="OutputMetric"/>): with R the root of that metric, <c>R^-1 U U^T R W</c>, U of the outputs R Y.
/// </summary>
/// <param name="backend">Factorises.</param>
internal sealed class ResponseSplit(IDenseBackend backend) : SplitMethod(backend)
{
    /// <summary>With so many rows for each output the measured covariance is taken as it is.</summary>
    private const int EnoughRowsPerOutput = 10;

    /// <summary>Shares of the covariance of white inputs that are tried.</summary>
    private static readonly double[] Shares = [0, 0.02, 0.1, 0.3, 0.6, 1];

    /// <summary>
    /// Of a table, half of what counts are its entries alike: the next text has words that the samples lack, and those are
    /// the ones that say most.
    /// </summary>
    private const double EntriesAlike = 0.5;

    private static readonly double[] TableShares = [EntriesAlike, 0.6, 0.7, 0.8, 0.9, 1];

    /// <summary>Inputs are few where there are at most so many for each output.</summary>
    private const double Few = 0.6;

    /// <summary>Of a weight's squared singular values over the largest, those below are noise.</summary>
    private const double Negligible = 1e-13;

    /// <summary>What may lie outside a weight's range, of all energy: sums in float leave less.</summary>
    private const double Outside = 1e-6;

    /// <inheritdoc />
    public override SplitForm Form => SplitForm.Response;

    /// <inheritdoc />
    public override bool Applies(LayerProblem problem) => problem.Output is { Rows: > 0 };

    /// <inheritdoc />
    public override IEnumerable<SplitOption> Price(LayerProblem problem)
    {
        var errors = Judged(InMetric(problem).Problem).Errors;
        return Enumerable.Range(1, problem.Size.LargestRank).Select(r => new SplitOption(new SplitShape(Form, r), errors[r]));
    }

    /// <inheritdoc />
    public override SplitFactors Build(LayerProblem problem, SplitShape shape)
    {
        var (turned, metric) = InMetric(problem);
        var total = turned.Output!.Total();
        var left = Leading(turned, total, Share(turned), shape.Rank);
        var right = Backend.Multiply(left, turned.Weight, Transpose.Yes);
        var offset = problem.TakesMean ? Offset(left, LayerProblem.MeansOf(total), turned.Bias) : null;
        return new SplitFactors(
            [new SplitFactor(right, problem.Axes(true), 1, Reduce), new SplitFactor(metric is null ? left : Backend.Multiply(metric.Inverse, left), problem.Axes(false), 1, Expand)],
            offset is null ? null : metric?.Back(offset) ?? offset);
    }

    /// <summary>The layer in coordinates of its outputs in which all directions count alike at the network's: there the best directions are the leading ones.</summary>
    private (LayerProblem Problem, OutputMetric? Metric) InMetric(LayerProblem problem) => OutputMetric.From(problem.Sensitivity, Backend) is not { } metric
        ? (problem, null)
        : (problem with
        {
            Weight = Backend.Multiply(metric.Root, problem.Weight),
            Bias = problem.Bias is { } bias ? metric.Of(bias) : null,
            Output = metric.Of(problem.Output!, Backend),
            Sensitivity = null,
        }, metric);

    /// <summary><c>errors[r]</c>: what U of one fold leaves of the other, relative, Frobenius.</summary>
    public double[] Errors(LayerProblem problem) => Judged(problem).Errors;

    private double Share(LayerProblem problem)
    {
        var (fit, check) = Folds(problem.Output!);
        return SharesOf(problem, fit, check) is [var only] ? only : Judged(problem).Share;
    }

    /// <summary>The share of white inputs that makes errors smallest, and those errors on the samples.</summary>
    private Judgement Judged(LayerProblem problem)
    {
        if (Backend is not DecompositionMemory memory)
        {
            return Judge(problem);
        }

        var (fit, check) = Folds(problem.Output!);
        double[] facts = [fit.Rows, check.Rows, problem.TakesMean ? 1 : 0, problem.Size.IsTable ? 1 : 0];
        return memory.Recall(
            nameof(ResponseSplit),
            [facts, fit.Gram, fit.Sums, check.Gram, check.Sums, problem.Bias ?? [], problem.Weight.Values.ToArray()],
            sizeof(double) * problem.Weight.Rows,
            () => Judge(problem));
    }

    // With so few samples that one fold is empty, the fold that has rows judges itself.
    private static (ChannelStatistics Fit, ChannelStatistics Check) Folds(TapStatistics statistics) =>
        statistics.Fit.Rows == 0 ? (statistics.Check, statistics.Check)
            : (statistics.Fit, statistics.Check.Rows > 0 ? statistics.Check : statistics.Fit);

    /// <summary>The shares that are tried.</summary>
    private static double[] SharesOf(LayerProblem problem, ChannelStatistics fit, ChannelStatistics check)
    {
        var tried = problem.Size.IsTable ? TableShares : Shares;
        return IsEnough(problem.Output!) || ReferenceEquals(fit, check) ? tried[..1] : tried;
    }

    private Judgement Judge(LayerProblem problem)
    {
        var (fit, check) = Folds(problem.Output!);
        var shares = SharesOf(problem, fit, check);
        var judged = problem.OutputMoments(check, fit).Gram;
        // The share is chosen for the entries that samples lack as well; the error is stated for the samples, as everywhere.
        var judge = problem.Size.IsTable ? Mixed(problem, problem.OutputMoments(check, fit).Gram, EntriesAlike) : judged;
        var range = RangeOf(problem.Weight);
        var (share, directions) = shares.Select(share => (Share: share, Directions: Directions(problem, fit, share, range)))
            .MinBy(candidate => ErrorsOf(Carried(candidate.Directions, judge), Trace(judge)).Sum());
        var errors = ErrorsOf(Carried(directions, judged), Trace(judged));
        // A weight of less than full rank is made whole by fewer directions.
        return new(share, [.. errors, .. Enumerable.Repeat(errors[^1], Math.Max(0, problem.Size.LargestRank + 1 - errors.Length))]);
    }

    private static bool IsEnough(TapStatistics statistics) => statistics.Fit.Rows >= (long)EnoughRowsPerOutput * statistics.Channels;

    /// <summary>Directions of the outputs by falling variance.</summary>
    /// <param name="problem">The layer.</param>
    /// <param name="rows">What its outputs were.</param>
    /// <param name="share">Of white inputs.</param>
    /// <param name="range">An orthonormal basis of what the weight can make; null where that is not much less than all.</param>
    private Matrix<double> Directions(LayerProblem problem, ChannelStatistics rows, double share, Matrix<double>? range)
    {
        // What is judged of them is remembered, and they are not asked for again.
        var backend = Forgetful;
        var gram = Mixed(problem, problem.OutputMoments(rows, rows).Gram, share);
        if (range is not null)
        {
            var inner = backend.Multiply(range, backend.Multiply(gram, range), Transpose.Yes);
            // Outputs of more inputs than the weight has by now lie elsewhere, too.
            if (Trace(inner) >= (1 - Outside) * Trace(gram))
            {
                return backend.Multiply(range, backend.SymmetricEigen(inner).Vectors);
            }
        }

        return backend.SymmetricEigen(gram).Vectors;
    }

    /// <summary>
    /// Outputs vary in as many directions as there are inputs at most: where those are few, their covariance is decomposed there, which
    /// takes the cube of the inputs in place of that of the outputs.
    /// </summary>
    private Matrix<double>? RangeOf(Matrix<double> weight)
    {
        if (weight.Columns > Few * weight.Rows)
        {
            return null;
        }

        // Once more for what the first pass lost by squaring the weight.
        var basis = Orthonormal(weight);
        return basis.Columns == 0 ? null : Orthonormal(basis);
    }

    private Matrix<double> Orthonormal(Matrix<double> columns)
    {
        var eigen = Forgetful.SymmetricEigen(Forgetful.Multiply(columns, columns, Transpose.Yes));
        var (values, vectors) = (eigen.Values, eigen.Vectors);
        var rank = values.TakeWhile(value => value > Negligible * values[0]).Count();
        var scaled = new Matrix<double>(vectors.Rows, rank);
        for (var i = 0; i < scaled.Rows; i++)
        {
            for (var j = 0; j < rank; j++)
            {
                scaled[i, j] = vectors[i, j] / Math.Sqrt(values[j]);
            }
        }

        return Forgetful.Multiply(columns, scaled);
    }

    private IDenseBackend Forgetful => Backend is DecompositionMemory memory ? memory.Forgetful : Backend;

    /// <summary>The first of them only, which an iteration finds where they are few.</summary>
    private Matrix<double> Leading(LayerProblem problem, ChannelStatistics rows, double share, int count) =>
        Backend.TopEigen(Mixed(problem, problem.OutputMoments(rows, rows).Gram, share), count, new Random(0)).Vectors;

    /// <summary>Replaces, in place, a share of a covariance of outputs by that of white inputs; the trace stays.</summary>
    private Matrix<double> Mixed(LayerProblem problem, Matrix<double> gram, double share)
    {
        if (share > 0)
        {
            var white = Backend.Multiply(problem.Weight, problem.Weight, Transpose.No, Transpose.Yes);
            var scale = Trace(white) > 0 ? Trace(gram) / Trace(white) : 0;
            for (var i = 0; i < gram.Values.Length; i++)
            {
                gram.Values[i] = ((1 - share) * gram.Values[i]) + (share * scale * white.Values[i]);
            }
        }

        return gram;
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

    private sealed record Judgement(double Share, double[] Errors);
}
