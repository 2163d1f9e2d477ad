using OnnxCompress.Numerics;

namespace OnnxCompress.Precision;

/// <summary>
/// Rounds weights one column after the other and moves the error of each into the columns that are still to come (GPTQ, optimal
/// brain quantisation): with upper U and <c>U^T U = H^-1</c>, column k takes up <c>-d_j U_jk / U_jj</c>. The error in a row of the
/// output is then <c>sum_j d_j^2 / U_jj^2</c>, d_j being the rounding error of column j as it stood.
/// </summary>
/// <param name="backend">Factors, and multiplies the panels.</param>
internal sealed class ErrorFeedback(IDenseBackend backend)
{
    /// <summary>Columns that are rounded before the rest takes their errors up, all at once in one product.</summary>
    private const int Panel = 128;

    /// <summary>The rounded weights; null when H cannot be factored.</summary>
    /// <param name="weights"><c>outputs x columns</c>; not changed.</param>
    /// <param name="gram">H, <c>columns x columns</c>: the Gram of what the layer reads, with its ridge.</param>
    /// <param name="grid">The values that a weight can have.</param>
    /// <param name="steps">The steps; those of blocks are filled in, each when the first column of its block is reached.</param>
    public Matrix<double>? Round(Matrix<double> weights, Matrix<double> gram, WeightGrid grid, WeightSteps steps)
    {
        var order = Order(gram, grid.Block);
        if (InverseFactor(gram, order) is not { } factor)
        {
            return null;
        }

        var (outputs, columns) = (weights.Rows, weights.Columns);
        var work = Permuted(weights, order);
        var turn = new Turn(order, factor, grid, steps);
        for (int from = 0, width; from < columns; from += width)
        {
            width = PanelFrom(from, order, grid.Block);
            var errors = new Matrix<double>(outputs, width);
            // Rows do not depend on each other, so how they are shared out changes nothing.
            var first = from;
            Parallel.For(0, outputs, new ParallelOptions { MaxDegreeOfParallelism = backend.Threads }, o => turn.Round(o, work.Row(o), errors.Row(o), first));
            var rest = columns - from - width;
            if (rest > 0)
            {
                backend.Multiply(
                    -1, errors, Transpose.No, factor.View.Window(from, from + width, width, rest), Transpose.No, 1, work.View.Window(0, from + width, outputs, rest));
            }
        }

        var rounded = new Matrix<double>(outputs, columns);
        for (var o = 0; o < outputs; o++)
        {
            for (var j = 0; j < columns; j++)
            {
                rounded[o, order[j]] = work[o, j];
            }
        }

        return rounded;
    }

    /// <summary>U, upper, with <c>U^T U</c> the inverse of the Gram in an order of its columns; null when it is singular.</summary>
    /// <remarks>With J the reversal, <c>J H J = L L^T</c> gives <c>U = J L^-1 J</c>: one factorisation and one solve.</remarks>
    public Matrix<double>? InverseFactor(Matrix<double> gram, int[] order)
    {
        var n = gram.Rows;
        var reversed = new Matrix<double>(n, n);
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < n; j++)
            {
                reversed[i, j] = gram[order[n - 1 - i], order[n - 1 - j]];
            }
        }

        var inverse = Matrix<double>.Identity(n);
        try
        {
            if (backend.FactorCholesky(reversed) >= 0)
            {
                return null;
            }

            backend.SolveTriangular(Triangle.Lower, Transpose.No, reversed, inverse);
        }
        catch (NumericException)
        {
            return null;
        }

        inverse.Values.Reverse();
        return inverse;
    }

    /// <summary>Columns by falling diagonal: those that matter most are rounded while the others can still make up for it. Ties go by index.</summary>
    /// <param name="gram">H.</param>
    /// <param name="block">Inputs that share a step, which stay together; 0: none do.</param>
    public static int[] Order(Matrix<double> gram, int block = 0)
    {
        var falling = Enumerable.Range(0, gram.Rows).OrderByDescending(j => gram[j, j]).ThenBy(j => j);
        return block == 0
            ? [.. falling]
            : [.. falling.GroupBy(j => j / block).OrderByDescending(b => b.Sum(j => gram[j, j])).ThenBy(b => b.Key).SelectMany(b => b)];
    }

    /// <summary>Columns of the panel that begins somewhere: whole blocks of them.</summary>
    private static int PanelFrom(int from, int[] order, int block)
    {
        if (block == 0)
        {
            return Math.Min(Panel, order.Length - from);
        }

        var to = from;
        while (to < order.Length)
        {
            // The last block of a row may be a part of one, and come at any time.
            var width = Math.Min(block, order.Length - (order[to] / block * block));
            if (to > from && to + width - from > Panel)
            {
                break;
            }

            to += width;
        }

        return to - from;
    }

    /// <summary>Rounds a panel of one row.</summary>
    /// <param name="order">Columns by their turn.</param>
    /// <param name="factor">U, by turn.</param>
    /// <param name="grid">The values that a weight can have.</param>
    /// <param name="steps">The steps.</param>
    private sealed class Turn(int[] order, Matrix<double> factor, WeightGrid grid, WeightSteps steps)
    {
        // What an error in a column costs once those after it have made up for it as far as they can.
        private readonly double[] _importance = [.. Enumerable.Range(0, order.Length).Select(j => 1 / (factor[j, j] * factor[j, j]))];

        public void Round(int output, Span<double> row, Span<double> errors, int from)
        {
            for (var j = 0; j < errors.Length; j++)
            {
                var at = from + j;
                if (grid.Block > 0 && (j == 0 || order[at] / grid.Block != order[at - 1] / grid.Block))
                {
                    var width = Math.Min(grid.Block, order.Length - (order[at] / grid.Block * grid.Block));
                    steps[output, order[at]] = grid.BlockStep(row.Slice(at, width), _importance.AsSpan(at, width));
                }

                var value = row[at];
                var u = factor.Row(at);
                var rounded = grid.Round(value, steps[output, order[at]]);
                var error = (value - rounded) / u[at];
                (row[at], errors[j]) = (rounded, error);
                for (var k = j + 1; k < errors.Length; k++)
                {
                    row[from + k] -= error * u[from + k];
                }
            }
        }
    }

    private static Matrix<double> Permuted(Matrix<double> weights, int[] order)
    {
        var permuted = new Matrix<double>(weights.Rows, weights.Columns);
        for (var o = 0; o < weights.Rows; o++)
        {
            for (var j = 0; j < order.Length; j++)
            {
                permuted[o, j] = weights[o, order[j]];
            }
        }

        return permuted;
    }
}
