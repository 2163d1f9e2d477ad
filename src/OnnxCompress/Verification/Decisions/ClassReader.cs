using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Verification.Decisions;

/// <summary>Reads classes off one batch of the deciding output.</summary>
/// <param name="rule">What a decision is.</param>
/// <param name="output">The deciding output's name, for messages.</param>
/// <param name="threshold">What a value must exceed where a threshold decides.</param>
internal sealed class ClassReader(DecisionRule rule, string output, double threshold)
{
    private const double LeastProbability = 1e-12;

    private bool IsBinary => rule.Kind is DecisionKind.Threshold or DecisionKind.MultiLabel;

    /// <summary>Decisions of every sample, position after position.</summary>
    /// <param name="values">The output, row-major.</param>
    /// <param name="dims">Its shape; axis 0 is the batch.</param>
    /// <param name="type">Its element type.</param>
    /// <param name="batch">Samples in the batch.</param>
    /// <returns>The same number of decisions for each sample, sample after sample.</returns>
    /// <exception cref="OnnxCompressException">OCX7003: the output has no such axes.</exception>
    public long[] Decide(ReadOnlySpan<double> values, IReadOnlyList<long> dims, ElementType type, int batch)
    {
        if (dims.Count == 0 || dims[0] != batch)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.OutputsDiffer,
                $"The output '{output}' has the shape [{string.Join(',', dims)}] for {batch} samples, so its first axis does not count samples; "
                + "choose another with --output, or --decision none.");
        }

        if (IsBinary)
        {
            return Above(values);
        }

        if (!type.IsFloatingPoint())
        {
            return Whole(values);
        }

        var axis = Axis(dims);
        return axis == 0 || dims[axis] == 1 ? Above(values) : Largest(values, dims, axis);
    }

    /// <summary>How far a decision is from another one, in units of the output; null where decisions have no distance.</summary>
    /// <param name="values">The output, row-major.</param>
    /// <param name="dims">Its shape.</param>
    /// <param name="type">Its element type.</param>
    /// <param name="position">Which decision, counted as <see cref="Decide"/> does.</param>
    /// <param name="decision">The decision at that position.</param>
    /// <param name="other">The decision it is compared with.</param>
    /// <returns>Value of the decided class less that of the other, or the distance from the threshold.</returns>
    public double? Margin(ReadOnlySpan<double> values, IReadOnlyList<long> dims, ElementType type, int position, long decision, long other)
    {
        if (!IsBinary && !type.IsFloatingPoint())
        {
            return null;
        }

        var axis = IsBinary ? 0 : Axis(dims);
        if (axis == 0 || dims[axis] == 1)
        {
            return Math.Abs(values[position] - threshold);
        }

        var (start, inner) = Start(position, dims, axis);
        return values[start + ((int)decision * inner)] - values[start + ((int)other * inner)];
    }

    /// <summary>On which scale the output's values add up, by what they are.</summary>
    /// <param name="values">The output, row-major.</param>
    /// <param name="dims">Its shape.</param>
    /// <param name="type">Its element type.</param>
    public DriftScale Scale(ReadOnlySpan<double> values, IReadOnlyList<long> dims, ElementType type)
    {
        if (!type.IsFloatingPoint() || values.IsEmpty)
        {
            return DriftScale.Plain;
        }

        var axis = IsBinary ? 0 : Axis(dims);
        if (axis == 0 || dims[axis] == 1)
        {
            return threshold is > 0 and < 1 && !values.ContainsAnyExceptInRange(0, 1) ? DriftScale.LogOdds : DriftScale.Plain;
        }

        for (var position = 0; position < values.Length / (int)dims[axis]; position++)
        {
            var (start, inner) = Start(position, dims, axis);
            if (!IsProbability(values[start..], inner, (int)dims[axis]))
            {
                return DriftScale.Plain;
            }
        }

        return DriftScale.Logarithm;
    }

    /// <summary>How many classes stand before one, by their values and of equals by their order.</summary>
    /// <param name="values">The output, row-major.</param>
    /// <param name="dims">Its shape.</param>
    /// <param name="position">Which decision.</param>
    /// <param name="decision">The class.</param>
    public int Before(ReadOnlySpan<double> values, IReadOnlyList<long> dims, int position, long decision)
    {
        var axis = Axis(dims);
        var (start, inner) = Start(position, dims, axis);
        var (own, before) = (values[start + ((int)decision * inner)], 0);
        for (var c = 0; c < (int)dims[axis]; c++)
        {
            var value = values[start + (c * inner)];
            before += value > own || (value == own && c < decision) ? 1 : 0;
        }

        return before;
    }

    /// <summary>
    /// How near decisions came to changing, summed: for each the share of its margin that the outputs' drift takes up, at
    /// most 1, squared. The margin is towards the class for which that share is largest, and a drift away from it counts
    /// like one towards it: on other samples it goes the other way. Values that lie in [0, 1] and sum to one are taken for
    /// probabilities, and compared by their logarithms. Null where decisions have no margins.
    /// </summary>
    /// <param name="decisions">Those of <paramref name="expected"/>, as <see cref="Decide"/> gives them.</param>
    /// <param name="expected">The output, row-major.</param>
    /// <param name="actual">The drifted output.</param>
    /// <param name="dims">Their shape.</param>
    /// <param name="type">Their element type.</param>
    /// <param name="counted">For each of the first decisions whether it counts; the others do not.</param>
    public double? Risk(
        long[] decisions, ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, IReadOnlyList<long> dims, ElementType type, ReadOnlySpan<bool> counted)
    {
        if (!IsBinary && !type.IsFloatingPoint())
        {
            return null;
        }

        var axis = IsBinary ? 0 : Axis(dims);
        var isBinary = axis == 0 || dims[axis] == 1;
        double risk = 0;
        for (var position = 0; position < counted.Length; position++)
        {
            if (!counted[position])
            {
                continue;
            }

            if (isBinary)
            {
                risk += Risk(expected[position] - threshold, expected[position] - actual[position]);
                continue;
            }

            var (start, inner) = Start(position, dims, axis);
            risk += Risk(expected[start..], actual[start..], inner, (int)dims[axis], (int)decisions[position]);
        }

        return risk;
    }

    private static double Risk(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, int stride, int classes, int decision)
    {
        var isProbability = IsProbability(expected, stride, classes);
        double Score(double value) => isProbability ? Math.Log(Math.Max(value, LeastProbability)) : value;
        var (before, after) = (Score(expected[decision * stride]), Score(actual[decision * stride]));
        double risk = 0;
        for (var other = 0; other < classes; other++)
        {
            if (other != decision)
            {
                var margin = before - Score(expected[other * stride]);
                risk = Math.Max(risk, Risk(margin, margin - (after - Score(actual[other * stride]))));
            }
        }

        return risk;
    }

    private static double Risk(double margin, double drift)
    {
        var share = Math.Min(1, Math.Abs(drift) / Math.Abs(margin));
        // Nothing drifted from a tie.
        return double.IsNaN(share) ? 0 : share * share;
    }

    /// <summary>Whether scores lie in [0, 1] and sum to one.</summary>
    public static bool IsProbability(ReadOnlySpan<double> values, int stride, int classes)
    {
        const double Tolerance = 1e-3;
        var (smallest, sum) = (double.PositiveInfinity, 0.0);
        for (var c = 0; c < classes; c++)
        {
            var value = values[c * stride];
            (smallest, sum) = (Math.Min(smallest, value), sum + value);
        }

        return smallest >= 0 && Math.Abs(sum - 1) < Tolerance;
    }

    /// <summary>The axis that classes lie on; 0 where every value decides on its own.</summary>
    /// <exception cref="OnnxCompressException">OCX7003: there is no such axis.</exception>
    public int Axis(IReadOnlyList<long> dims)
    {
        // A picture without channels says one thing for each pixel.
        if (dims.Count == 1 || (rule.Kind == DecisionKind.Pixels && dims.Count == 3 && rule.Axis is null))
        {
            return 0;
        }

        var axis = rule.Axis ?? (dims.Count >= 4 ? 1 : -1);
        axis = axis < 0 ? axis + dims.Count : axis;
        return axis > 0 && axis < dims.Count ? axis : throw new OnnxCompressException(
            DiagnosticCodes.OutputsDiffer,
            $"The output '{output}' has the shape [{string.Join(',', dims)}]; classes cannot lie on axis {rule.Axis}.");
    }

    private long[] Above(ReadOnlySpan<double> values)
    {
        var decisions = new long[values.Length];
        for (var i = 0; i < decisions.Length; i++)
        {
            decisions[i] = values[i] > threshold ? 1 : 0;
        }

        return decisions;
    }

    private static long[] Whole(ReadOnlySpan<double> values)
    {
        var decisions = new long[values.Length];
        for (var i = 0; i < decisions.Length; i++)
        {
            decisions[i] = (long)values[i];
        }

        return decisions;
    }

    private static long[] Largest(ReadOnlySpan<double> values, IReadOnlyList<long> dims, int axis)
    {
        var classes = (int)dims[axis];
        var decisions = new long[values.Length / classes];
        for (var position = 0; position < decisions.Length; position++)
        {
            var (start, inner) = Start(position, dims, axis);
            var best = 0;
            for (var candidate = 1; candidate < classes; candidate++)
            {
                // Ties go to the lower class, as in ONNX's ArgMax.
                best = values[start + (candidate * inner)] > values[start + (best * inner)] ? candidate : best;
            }

            decisions[position] = best;
        }

        return decisions;
    }

    /// <summary>Where the classes of a decision begin, and elements from one class to the next.</summary>
    public static (int Start, int Inner) Start(int position, IReadOnlyList<long> dims, int axis)
    {
        var inner = (int)dims.Skip(axis + 1).Aggregate(1L, (product, dim) => product * dim);
        return ((position / inner * (int)dims[axis] * inner) + (position % inner), inner);
    }
}
