using OnnxCompress.Numerics.Ilgpu.Operations;
using OnnxCompress.Numerics.Ilgpu.Kernels;
using OnnxCompress.Numerics.Kernels;

namespace OnnxCompress.Numerics.Ilgpu;

/// <content>Factorisations, and what follows from them.</content>
public sealed partial class IlgpuBackend
{
    /// <inheritdoc/>
    public void SolveTriangular(Triangle triangle, Transpose transpose, ReadOnlyMatrixView<double> factor, MatrixView<double> rightSide)
    {
        if (IsSmall(factor.Rows, factor.Rows, rightSide.Columns))
        {
            _cpu.SolveTriangular(triangle, transpose, factor, rightSide);
            return;
        }

        ViewShape.CheckSquare(factor.Rows, factor.Columns, nameof(factor));
        ViewShape.CheckSame(factor.Rows, rightSide.Columns, rightSide.Rows, rightSide.Columns, nameof(rightSide));
        Finite.RequireTriangle(factor, triangle, nameof(factor));
        ViewShape.CheckDiagonal(factor);
        Finite.Require(rightSide, nameof(rightSide));
        lock (_turn)
        {
            using var t = _device.Upload(factor);
            using var b = _device.Upload<double>(rightSide);
            var upper = (triangle == Triangle.Upper) == (transpose == Transpose.No);
            _device.Solve(IlgpuDevice.Whole(t, factor.Rows, factor.Rows).Oriented(transpose), IlgpuDevice.Whole(b, rightSide.Rows, rightSide.Columns), upper);
            IlgpuDevice.Download(b, rightSide);
        }

        Finite.Require(rightSide, nameof(rightSide));
    }

    /// <inheritdoc/>
    public int FactorCholesky(MatrixView<double> matrix)
    {
        if (IsSmall(matrix.Rows, matrix.Rows, matrix.Rows))
        {
            return _cpu.FactorCholesky(matrix);
        }

        ViewShape.CheckSquare(matrix.Rows, matrix.Columns, nameof(matrix));
        Finite.RequireTriangle(matrix, Triangle.Lower, nameof(matrix));
        lock (_turn)
        {
            using var a = _device.Upload<double>(matrix);
            using var failed = _device.Upload<int>([-1]);
            _device.Cholesky(IlgpuDevice.Whole(a, matrix.Rows, matrix.Rows), 0, failed.View);
            var column = new int[1];
            failed.Read(column);
            IlgpuDevice.Download(a, matrix);
            if (column[0] >= 0)
            {
                return column[0];
            }
        }

        for (var row = 0; row < matrix.Rows; row++)
        {
            matrix.Row(row)[(row + 1)..].Clear();
        }

        Finite.Require(matrix, nameof(matrix));
        return -1;
    }

    /// <inheritdoc/>
    public int FactorPivotedCholesky(
        ReadOnlyMatrixView<double> gram, int maxRank, double relativeTolerance, Span<int> pivots, Span<double> pivotValues, Span<double> residualTraces, MatrixView<double> factor)
    {
        var (n, steps) = (gram.Rows, Math.Clamp(maxRank, 0, gram.Rows));
        if (IsSmall(n, n, steps))
        {
            return _cpu.FactorPivotedCholesky(gram, maxRank, relativeTolerance, pivots, pivotValues, residualTraces, factor);
        }

        ViewShape.CheckSquare(gram.Rows, gram.Columns, nameof(gram));
        ViewShape.CheckSame(steps, gram.Rows, factor.Rows, factor.Columns, nameof(factor));
        ViewShape.CheckLength(steps, pivots.Length, nameof(pivots));
        ViewShape.CheckLength(steps, pivotValues.Length, nameof(pivotValues));
        ViewShape.CheckLength(steps + 1, residualTraces.Length, nameof(residualTraces));
        Finite.Require(gram, nameof(gram));
        var symmetric = LowerMirrored(gram);
        var diagonal = new double[n];
        for (var index = 0; index < n; index++)
        {
            diagonal[index] = gram[index, index];
        }

        var threshold = Math.Max(0, relativeTolerance * Math.Max(0, diagonal.Max()));
        var state = new int[3];
        lock (_turn)
        {
            using var g = _device.Upload<double>(symmetric.Values);
            using var r = _device.Take<double>((long)steps * n);
            using var left = _device.Upload<double>(diagonal);
            using var taken = _device.Take<int>(n);
            using var progress = _device.Take<int>(state.Length);
            using var chosen = _device.Take<int>(steps);
            using var values = _device.Take<double>(steps);
            using var traces = _device.Take<double>(steps + 1);
            for (var step = 0; step <= steps; step++)
            {
                _device.Kernels.ChoosePivot(_device.OneGroup, left.View, taken.View, progress.View, chosen.View, values.View, traces.View, step, steps, threshold);
                if (step < steps)
                {
                    _device.Kernels.PivotRow(n, g.View, r.View, left.View, taken.View, progress.View, values.View, step);
                }
            }

            progress.Read(state);
            chosen.Read(pivots[..steps]);
            values.Read(pivotValues[..steps]);
            traces.Read(residualTraces[..(steps + 1)]);
            IlgpuDevice.Download(r, factor);
        }

        return state[PivotedCholeskyKernels.Rank];
    }

    /// <inheritdoc/>
    /// <remarks>Done by the CPU: a reduction to tridiagonal form waits for memory at every step.</remarks>
    public void DecomposeSymmetric(ReadOnlyMatrixView<double> matrix, Span<double> values, MatrixView<double> vectors) => _cpu.DecomposeSymmetric(matrix, values, vectors);

    /// <inheritdoc/>
    /// <remarks>Where few pairs are wanted a subspace is iterated on the device; the rest is done by the CPU.</remarks>
    public void DecomposeSymmetricTop(ReadOnlyMatrixView<double> matrix, Span<double> values, MatrixView<double> vectors, Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        var (n, count) = (matrix.Rows, vectors.Columns);
        if (count == 0 || IsSmall(n, n, SubspaceWidth.Of(count)) || !SubspaceWidth.Pays(n, count) || Vectors.Balance(Largest(matrix)) != 1)
        {
            _cpu.DecomposeSymmetricTop(matrix, values, vectors, random);
            return;
        }

        ViewShape.CheckSquare(matrix.Rows, matrix.Columns, nameof(matrix));
        ViewShape.CheckSame(n, count, vectors.Rows, vectors.Columns, nameof(vectors));
        ViewShape.CheckLength(count, values.Length, nameof(values));
        Finite.Require(matrix, nameof(matrix));
        bool isFound;
        lock (_turn)
        {
            isFound = DeviceSubspace.Run(_device, _cpu, matrix, values, vectors, random);
        }

        if (!isFound)
        {
            var all = new double[n];
            _cpu.DecomposeSymmetric(matrix, all, vectors);
            all.AsSpan(0, count).CopyTo(values);
        }

        Finite.Require(values[..count], nameof(values));
        Finite.Require(vectors, nameof(vectors));
    }

    /// <summary>An orthonormal basis that contains the span of columns: the step of the iteration that tests look at by itself.</summary>
    internal Matrix<double> Orthonormal(Matrix<double> columns)
    {
        var basis = new Matrix<double>(columns.Rows, columns.Columns);
        lock (_turn)
        {
            using var memory = _device.Upload<double>(columns.Values);
            new DeviceQr(_device).Orthonormalize(IlgpuDevice.Whole(memory, columns.Rows, columns.Columns));
            IlgpuDevice.Download(memory, basis);
        }

        return basis;
    }

    private static unsafe double Largest(ReadOnlyMatrixView<double> matrix)
    {
        fixed (double* p = matrix.Values)
        {
            return Vectors.Largest(new Block<double>(p, matrix.Rows, matrix.Columns, matrix.Stride));
        }
    }

    private static Matrix<double> LowerMirrored(ReadOnlyMatrixView<double> gram)
    {
        var symmetric = new Matrix<double>(gram.Rows, gram.Rows);
        for (var row = 0; row < gram.Rows; row++)
        {
            for (var column = 0; column <= row; column++)
            {
                symmetric[row, column] = symmetric[column, row] = gram[row, column];
            }
        }

        return symmetric;
    }
}
