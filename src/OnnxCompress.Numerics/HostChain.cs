using OnnxCompress.Numerics.Kernels;

namespace OnnxCompress.Numerics;

/// <summary>A chain whose matrices lie in the host's memory: nothing is copied that is not asked for.</summary>
/// <param name="backend">Does the work.</param>
internal sealed class HostChain(IDenseBackend backend) : IDenseChain
{
    /// <inheritdoc/>
    public IDenseOperand Put(Matrix<double> matrix) => new Operand(matrix);

    /// <inheritdoc/>
    public IDenseOperand Copy(IDenseOperand source, double shift = 0)
    {
        var copy = Of(source).Clone();
        for (var index = 0; shift != 0 && index < Math.Min(copy.Rows, copy.Columns); index++)
        {
            copy[index, index] += shift;
        }

        return new Operand(copy);
    }

    /// <inheritdoc/>
    public IDenseOperand Part(IDenseOperand source, ReadOnlySpan<int> indices)
    {
        var from = Of(source);
        var selected = new Matrix<double>(indices.Length, indices.Length);
        for (var row = 0; row < indices.Length; row++)
        {
            var values = from.Row(indices[row]);
            var target = selected.Row(row);
            for (var column = 0; column < target.Length; column++)
            {
                target[column] = values[indices[column]];
            }
        }

        return new Operand(selected);
    }

    /// <inheritdoc/>
    public IDenseOperand Product(IDenseOperand a, Transpose transposeA, IDenseOperand b, Transpose transposeB) =>
        new Operand(backend.Multiply(Of(a), Of(b), transposeA, transposeB));

    /// <inheritdoc/>
    public void Multiply(double alpha, IDenseOperand a, Transpose transposeA, IDenseOperand b, Transpose transposeB, double beta, IDenseOperand c) =>
        backend.Multiply(alpha, Of(a), transposeA, Of(b), transposeB, beta, Of(c));

    /// <inheritdoc/>
    public unsafe void AddScaled(double factor, IDenseOperand x, IDenseOperand y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        ViewShape.CheckSame(x.Rows, x.Columns, y.Rows, y.Columns, nameof(y));
        fixed (double* from = Of(x).Values, to = Of(y).Values)
        {
            Vectors.AddScaled(factor, from, to, Of(x).Values.Length);
        }
    }

    /// <inheritdoc/>
    public int FactorCholesky(IDenseOperand matrix) => backend.FactorCholesky(Of(matrix));

    /// <inheritdoc/>
    public void SolveCholesky(IDenseOperand factor, IDenseOperand rightSide) => backend.SolveCholesky(Of(factor), Of(rightSide));

    /// <inheritdoc/>
    public unsafe double Dot(IDenseOperand a, IDenseOperand b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        ViewShape.CheckSame(a.Rows, a.Columns, b.Rows, b.Columns, nameof(b));
        fixed (double* left = Of(a).Values, right = Of(b).Values)
        {
            return Vectors.Dot(left, right, Of(a).Values.Length);
        }
    }

    /// <inheritdoc/>
    public void Read(IDenseOperand operand, MatrixView<double> destination) => destination.CopyFrom(Of(operand));

    /// <inheritdoc/>
    public void ReadRow(IDenseOperand operand, int row, Span<double> destination) => Of(operand).Row(row).CopyTo(destination);

    /// <summary>Nothing to free.</summary>
    public void Dispose()
    {
    }

    private static Matrix<double> Of(IDenseOperand operand) => ((Operand)operand).Matrix;

    private sealed class Operand(Matrix<double> matrix) : IDenseOperand
    {
        public Matrix<double> Matrix { get; } = matrix;

        public int Rows => Matrix.Rows;

        public int Columns => Matrix.Columns;

        public void Dispose()
        {
        }
    }
}
