namespace OnnxCompress.Numerics;

/// <summary>
/// X X^T of samples about a point (n x n), which is never formed: the Grams about zero of parts of the samples as they lie in
/// memory, and two rows that move their sum to the point. With m the point, s the sum of the R samples and
/// v = R/2 m - s it is <c>sum of Grams + m v^T + v m^T</c>; a copy of a wide Gram for each fold and each point would be what a
/// layer takes most memory for.
/// </summary>
internal sealed class ScatterMatrix
{
    private readonly IDenseChain _chain;
    private readonly (Matrix<double> Values, IDenseOperand Operand)[] _grams;
    private readonly (Matrix<double> Values, IDenseOperand Forward, IDenseOperand Swapped)? _move;

    /// <summary>Puts what moves the sum into the chain.</summary>
    /// <param name="chain">Does the work, and holds the operands until it is disposed.</param>
    /// <param name="grams">Grams about zero (n x n, at least one), with the operands they were put in as; must not change while the chain is open.</param>
    /// <param name="about">The point and the sums (n), with the count of samples; null for the Gram about zero.</param>
    public ScatterMatrix(
        IDenseChain chain, IReadOnlyList<(Matrix<double> Values, IDenseOperand Operand)> grams, (double[] Point, double[] Sums, long Rows)? about = null)
    {
        ArgumentNullException.ThrowIfNull(chain);
        ArgumentNullException.ThrowIfNull(grams);
        ArgumentOutOfRangeException.ThrowIfZero(grams.Count, nameof(grams));
        (_chain, _grams, Size) = (chain, [.. grams], grams[0].Values.Rows);
        foreach (var (values, _) in _grams)
        {
            ViewShape.CheckSame(Size, Size, values.Rows, values.Columns, nameof(grams));
            for (var index = 0; index < Size; index++)
            {
                Trace += values[index, index];
            }
        }

        if (about is var (point, sums, rows))
        {
            ViewShape.CheckLength(Size, point.Length, nameof(about));
            ViewShape.CheckLength(Size, sums.Length, nameof(about));
            var (forward, swapped) = (new Matrix<double>(2, Size), new Matrix<double>(2, Size));
            for (var index = 0; index < Size; index++)
            {
                forward[0, index] = swapped[1, index] = point[index];
                forward[1, index] = swapped[0, index] = (rows / 2.0 * point[index]) - sums[index];
                Trace += 2 * forward[0, index] * forward[1, index];
            }

            _move = (forward, chain.Put(forward), chain.Put(swapped));
        }
    }

    /// <summary>n.</summary>
    public int Size { get; }

    /// <summary>The sum of the diagonal.</summary>
    public double Trace { get; }

    /// <summary>Throws unless every entry is finite.</summary>
    /// <exception cref="NumericException">An entry is NaN or infinite.</exception>
    public void RequireFinite()
    {
        foreach (var (values, _) in _grams)
        {
            Finite.RequireTriangle(values, Triangle.Lower, "normal");
        }

        if (_move is var (moved, _, _))
        {
            Finite.Require(moved, "normal");
        }
    }

    /// <summary>The matrix itself, with something on its diagonal; may be overwritten.</summary>
    /// <param name="shift">Added to each diagonal entry.</param>
    /// <returns>n x n.</returns>
    public IDenseOperand Shifted(double shift)
    {
        var sum = _chain.Copy(_grams[0].Operand, shift);
        foreach (var (_, gram) in _grams.AsSpan(1))
        {
            _chain.AddScaled(1, gram, sum);
        }

        if (_move is var (_, forward, swapped))
        {
            _chain.Multiply(1, forward, Transpose.Yes, swapped, Transpose.No, 1, sum);
        }

        return sum;
    }

    /// <summary>The product with a matrix.</summary>
    /// <param name="right">n x r.</param>
    /// <returns>n x r.</returns>
    public IDenseOperand Times(IDenseOperand right)
    {
        var product = _chain.Product(_grams[0].Operand, Transpose.No, right, Transpose.No);
        foreach (var (_, gram) in _grams.AsSpan(1))
        {
            _chain.Multiply(1, gram, Transpose.No, right, Transpose.No, 1, product);
        }

        if (_move is var (_, forward, swapped))
        {
            using var along = _chain.Product(swapped, Transpose.No, right, Transpose.No);
            _chain.Multiply(1, forward, Transpose.Yes, along, Transpose.No, 1, product);
        }

        return product;
    }
}
