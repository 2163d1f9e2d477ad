using OnnxCompress.Numerics.Kernels;

namespace OnnxCompress.Numerics;

/// <summary>
/// A chain whose matrices lie in the host's memory: nothing is copied that is not asked for, and what was disposed of is used
/// again for the next matrix of its shape, as in searches over ridges: large arrays would outlive their use by far otherwise.
/// </summary>
/// <param name="backend">Does the work.</param>
internal sealed class HostChain(IDenseBackend backend) : IDenseChain
{
    private readonly Dictionary<(int Rows, int Columns), Stack<Matrix<double>>> _free = [];

    /// <inheritdoc/>
    public IDenseOperand Put(Matrix<double> matrix) => new Operand(matrix, null);

    /// <inheritdoc/>
    public IDenseOperand Copy(IDenseOperand source, double shift = 0)
    {
        var from = Of(source);
        var copy = Take(from.Rows, from.Columns);
        from.Values.CopyTo(copy.Values);
        for (var index = 0; shift != 0 && index < Math.Min(copy.Rows, copy.Columns); index++)
        {
            copy[index, index] += shift;
        }

        return new Operand(copy, this);
    }

    /// <inheritdoc/>
    public IDenseOperand Part(IDenseOperand source, ReadOnlySpan<int> indices)
    {
        var from = Of(source);
        var selected = Take(indices.Length, indices.Length);
        for (var row = 0; row < indices.Length; row++)
        {
            var values = from.Row(indices[row]);
            var target = selected.Row(row);
            for (var column = 0; column < target.Length; column++)
            {
                target[column] = values[indices[column]];
            }
        }

        return new Operand(selected, this);
    }

    /// <inheritdoc/>
    public IDenseOperand Product(IDenseOperand a, Transpose transposeA, IDenseOperand b, Transpose transposeB)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        var product = Take(transposeA == Transpose.Yes ? a.Columns : a.Rows, transposeB == Transpose.Yes ? b.Rows : b.Columns);
        backend.Multiply(1, Of(a), transposeA, Of(b), transposeB, 0, product);
        return new Operand(product, this);
    }

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

    /// <inheritdoc/>
    public void ReadColumn(IDenseOperand operand, int column, Span<double> destination)
    {
        var matrix = Of(operand);
        for (var row = 0; row < matrix.Rows; row++)
        {
            destination[row] = matrix[row, column];
        }
    }

    /// <summary>Gives up what was kept to be used again.</summary>
    public void Dispose() => _free.Clear();

    private static Matrix<double> Of(IDenseOperand operand) => ((Operand)operand).Matrix;

    /// <summary>A matrix whose values are anything.</summary>
    private Matrix<double> Take(int rows, int columns) =>
        _free.TryGetValue((rows, columns), out var free) && free.TryPop(out var matrix) ? matrix : new Matrix<double>(rows, columns);

    private void GiveBack(Matrix<double> matrix)
    {
        if (!_free.TryGetValue((matrix.Rows, matrix.Columns), out var free))
        {
            _free[(matrix.Rows, matrix.Columns)] = free = [];
        }

        free.Push(matrix);
    }

    /// <param name="matrix">The values.</param>
    /// <param name="owner">The chain that made the matrix; null where it is the caller's.</param>
    private sealed class Operand(Matrix<double> matrix, HostChain? owner) : IDenseOperand
    {
        private Matrix<double>? _matrix = matrix;

        public Matrix<double> Matrix => _matrix ?? throw new ObjectDisposedException(nameof(Operand));

        public int Rows => Matrix.Rows;

        public int Columns => Matrix.Columns;

        public void Dispose()
        {
            if (_matrix is { } held)
            {
                owner?.GiveBack(held);
                _matrix = null;
            }
        }
    }
}
