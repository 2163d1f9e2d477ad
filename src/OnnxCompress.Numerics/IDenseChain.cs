namespace OnnxCompress.Numerics;

/// <summary>
/// Operations that follow each other on the same matrices, which stay in the memory of whatever does the work: what is
/// put in goes there once, and only what is read comes back. Not for several threads at once. Disposing it frees everything
/// that was made in it.
/// </summary>
public interface IDenseChain : IDisposable
{
    /// <summary>A matrix as an operand.</summary>
    /// <param name="matrix">May be read in place: it must not change while the chain is open, and nothing may be written to the operand.</param>
    IDenseOperand Put(Matrix<double> matrix);

    /// <summary>A copy that may be overwritten.</summary>
    /// <param name="source">Any operand.</param>
    /// <param name="shift">Added to each diagonal entry.</param>
    IDenseOperand Copy(IDenseOperand source, double shift = 0);

    /// <summary>Rows and columns of the same numbers, in the order given.</summary>
    /// <param name="source">Square.</param>
    /// <param name="indices">Distinct.</param>
    IDenseOperand Part(IDenseOperand source, ReadOnlySpan<int> indices);

    /// <summary>op(A) op(B).</summary>
    IDenseOperand Product(IDenseOperand a, Transpose transposeA, IDenseOperand b, Transpose transposeB);

    /// <summary>C &lt;- alpha op(A) op(B) + beta C; C is neither A nor B.</summary>
    void Multiply(double alpha, IDenseOperand a, Transpose transposeA, IDenseOperand b, Transpose transposeB, double beta, IDenseOperand c);

    /// <summary>Y &lt;- Y + factor X.</summary>
    void AddScaled(double factor, IDenseOperand x, IDenseOperand y);

    /// <summary>Cholesky in place, as <see cref="IDenseBackend.FactorCholesky"/>; what is above the diagonal is not read by <see cref="SolveCholesky"/>.</summary>
    /// <returns>-1, or the first column whose pivot is not positive.</returns>
    /// <exception cref="NumericException">Something is not finite; a device may return the column instead.</exception>
    int FactorCholesky(IDenseOperand matrix);

    /// <summary>B &lt;- (L L^T)^-1 B.</summary>
    /// <exception cref="NumericException">Something is not finite; a device may leave that for <see cref="Read"/>.</exception>
    void SolveCholesky(IDenseOperand factor, IDenseOperand rightSide);

    /// <summary>The sum of products of entries at the same places; NaN where one of them is.</summary>
    double Dot(IDenseOperand a, IDenseOperand b);

    /// <summary>The operand on the host.</summary>
    /// <param name="operand">m x n.</param>
    /// <param name="destination">m x n, overwritten.</param>
    void Read(IDenseOperand operand, MatrixView<double> destination);

    /// <summary>One row on the host.</summary>
    void ReadRow(IDenseOperand operand, int row, Span<double> destination);

    /// <summary>One column on the host.</summary>
    void ReadColumn(IDenseOperand operand, int column, Span<double> destination)
    {
        ArgumentNullException.ThrowIfNull(operand);
        var unit = new Matrix<double>(operand.Columns, 1);
        unit[column, 0] = 1;
        using var at = Put(unit);
        using var read = Product(operand, Transpose.No, at, Transpose.No);
        Read(read, new MatrixView<double>(destination, operand.Rows, 1));
    }
}
