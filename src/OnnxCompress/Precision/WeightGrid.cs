using OnnxCompress.Numerics;

namespace OnnxCompress.Precision;

/// <summary>How the weights of one layer are stored: whole numbers with a step for each output channel, or for each block of inputs of one.</summary>
/// <param name="Limit">The largest whole number: 127, or 64 where the processor adds pairs of products in 16 bits; 7 for 4 bits.</param>
internal sealed record WeightGrid(int Limit)
{
    /// <summary>Eight bits.</summary>
    public const int Full = 127;

    /// <summary>Seven bits: <c>2 * 255 * 64</c> is below 2^15.</summary>
    public const int Reduced = 64;

    /// <summary>The least whole number. Steps of blocks have either sign, so that it is of use at both ends.</summary>
    public int Least { get; init; } = -Limit;

    /// <summary>Inputs that share a step; 0 where all of an output channel do.</summary>
    public int Block { get; init; }

    /// <summary>Bits of a whole number as it is stored.</summary>
    public int Bits => Limit < 8 ? 4 : 8;

    /// <summary>Whole numbers of some bits with a step for each block.</summary>
    /// <param name="bits">4 or 8.</param>
    /// <param name="block">Inputs that share a step.</param>
    public static WeightGrid Blocks(int bits, int block) => new((1 << (bits - 1)) - 1) { Least = -(1 << (bits - 1)), Block = block };

    /// <summary>Sums of the bias and the products have 32 bits; half of them are left to the products.</summary>
    public const double LargestBias = 1 << 30;

    /// <summary>Steps below this could not be divided by, and their product with that of the input would underflow.</summary>
    private const double SmallestStep = 1e-30;

    /// <summary>Shares of the largest weight that are tried as the last value of the grid.</summary>
    private static readonly double[] Shares = [1, 0.97, 0.94, 0.91, 0.88, 0.85, 0.8, 0.75, 0.7];

    /// <summary>The step for one output channel.</summary>
    /// <param name="weights">Its weights.</param>
    /// <param name="importance">What an error in each weight costs: the diagonal of the Gram of the inputs; empty: all the same.</param>
    /// <param name="bias">Its bias.</param>
    /// <param name="inputScale">The step of its input; 0 where the bias is added in floating point.</param>
    public float Step(ReadOnlySpan<double> weights, ReadOnlySpan<double> importance, double bias, double inputScale)
    {
        var whole = WholeStep(weights, bias, inputScale);
        var (best, least) = (whole, double.PositiveInfinity);
        foreach (var share in Shares)
        {
            // A shorter grid cuts large weights off; where the bias sets the step it stays.
            var step = Math.Max((float)(share * whole), WholeStep([], bias, inputScale) is var needed && bias != 0 && inputScale > 0 ? needed : 0);
            var error = Error(weights, importance, step);
            (best, least) = error < least ? (step, error) : (best, least);
        }

        return best;
    }

    /// <summary>The step with which the grid ends at the largest weight.</summary>
    /// <inheritdoc cref="Step" path="/param" />
    public float WholeStep(ReadOnlySpan<double> weights, double bias, double inputScale)
    {
        double most = 0;
        foreach (var weight in weights)
        {
            most = Math.Max(most, Math.Abs(weight));
        }

        // A channel without weights still has its bias, in steps of input times weight.
        var needed = inputScale > 0 ? Math.Abs(bias) / (LargestBias * inputScale) : 0;
        var smallest = inputScale > 0 ? Math.Max(SmallestStep, SmallestStep / inputScale) : SmallestStep;
        var step = Math.Max(most / Limit, needed);
        return step > 0 ? (float)Math.Max(step, smallest) : 1;
    }

    /// <summary>The step for one block, with the sign that loses less.</summary>
    /// <param name="weights">Its weights.</param>
    /// <param name="importance">What an error in each costs; empty: all the same.</param>
    public float BlockStep(ReadOnlySpan<double> weights, ReadOnlySpan<double> importance)
    {
        var extreme = Extreme(weights);
        if (extreme == 0)
        {
            return 1;
        }

        var (best, least) = (WholeBlockStep(weights), double.PositiveInfinity);
        foreach (var share in Shares)
        {
            foreach (var end in (ReadOnlySpan<int>)[Least, -Least, Limit, -Limit])
            {
                var step = NotTooSmall(share * extreme / end);
                var error = Error(weights, importance, step);
                (best, least) = error < least ? (step, error) : (best, least);
            }
        }

        return best;
    }

    /// <summary>The step with which the least number of the grid is the largest weight of a block.</summary>
    public float WholeBlockStep(ReadOnlySpan<double> weights) => Extreme(weights) is var extreme && extreme == 0 ? 1 : NotTooSmall(extreme / Least);

    /// <summary>The whole number of a weight.</summary>
    public int Quantize(double weight, float step) => (int)Math.Clamp(Math.Round(weight / step, MidpointRounding.ToEven), Least, Limit);

    /// <summary>The nearest value of the grid.</summary>
    public double Round(double weight, float step) => Quantize(weight, step) * (double)step;

    /// <summary>Every weight at the nearest value.</summary>
    /// <param name="weights"><c>outputs x columns</c>.</param>
    /// <param name="steps">Their steps.</param>
    public Matrix<double> Round(Matrix<double> weights, WeightSteps steps)
    {
        var rounded = new Matrix<double>(weights.Rows, weights.Columns);
        for (var o = 0; o < weights.Rows; o++)
        {
            for (var i = 0; i < weights.Columns; i++)
            {
                rounded[o, i] = Round(weights[o, i], steps[o, i]);
            }
        }

        return rounded;
    }

    private static float NotTooSmall(double step) => (float)(Math.Abs(step) < SmallestStep ? Math.CopySign(SmallestStep, step) : step);

    private static double Extreme(ReadOnlySpan<double> weights)
    {
        double extreme = 0;
        foreach (var weight in weights)
        {
            extreme = Math.Abs(weight) > Math.Abs(extreme) ? weight : extreme;
        }

        return extreme;
    }

    private double Error(ReadOnlySpan<double> weights, ReadOnlySpan<double> importance, float step)
    {
        double sum = 0;
        for (var i = 0; i < weights.Length; i++)
        {
            var error = weights[i] - Round(weights[i], step);
            sum += error * error * (importance.IsEmpty ? 1 : importance[i]);
        }

        return sum;
    }
}
