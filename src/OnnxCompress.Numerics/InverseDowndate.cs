namespace OnnxCompress.Numerics;

/// <summary>Removing a variable from the inverse of a symmetric positive definite matrix.</summary>
internal static class InverseDowndate
{
    /// <summary>
    /// H &lt;- H - H_:j H_j: / H_jj in place. What remains, apart from row and column j, is the inverse of the matrix without
    /// row and column j (the block inverse formula; Hassibi and Stork, Optimal Brain Surgeon, 1993, uses the same step).
    /// Relative error grows by about eps * H_ii / (H_ii - H_ij^2 / H_jj) a step: factorise again when that ratio is large.
    /// </summary>
    /// <param name="inverse">H (n x n), symmetric; overwritten. Row and column j become exactly zero.</param>
    /// <param name="variable">j.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such variable.</exception>
    /// <exception cref="NumericException">H_jj is not positive or not finite: the variable is already gone, or H is not positive definite.</exception>
    public static void RemoveVariable(MatrixView<double> inverse, int variable)
    {
        ViewShape.CheckSquare(inverse.Rows, inverse.Columns, nameof(inverse));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)variable, (uint)inverse.Rows, nameof(variable));
        var pivotRow = inverse.Row(variable);
        var pivot = pivotRow[variable];
        if (!(pivot > 0) || !double.IsFinite(pivot))
        {
            throw new NumericException(
                double.IsFinite(pivot) ? NumericFailure.NotPositiveDefinite : NumericFailure.NotFinite,
                $"The diagonal entry {variable} of the inverse is {pivot}; it must be positive.");
        }

        for (var row = 0; row < inverse.Rows; row++)
        {
            if (row != variable && pivotRow[row] != 0)
            {
                AddScaled(inverse.Row(row), -pivotRow[row] / pivot, pivotRow);
            }

            inverse[row, variable] = 0;
        }

        pivotRow.Clear();
    }

    // y <- y + factor x. The loop is element-wise, so lane width does not change the result beyond the use of FMA.
    private static void AddScaled(Span<double> y, double factor, ReadOnlySpan<double> x)
    {
        var width = System.Numerics.Vector<double>.Count;
        var scale = new System.Numerics.Vector<double>(factor);
        var index = 0;
        for (; index <= y.Length - width; index += width)
        {
            var sum = System.Numerics.Vector.MultiplyAddEstimate(scale, new(x[index..]), new System.Numerics.Vector<double>(y[index..]));
            sum.CopyTo(y[index..]);
        }

        for (; index < y.Length; index++)
        {
            y[index] += factor * x[index];
        }
    }
}
