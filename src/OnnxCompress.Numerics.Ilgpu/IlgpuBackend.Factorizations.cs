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
            _device.Solve(Oriented(IlgpuDevice.Whole(t, factor.Rows, factor.Rows), transpose), IlgpuDevice.Whole(b, rightSide.Rows, rightSide.Columns), upper);
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
    public int FactorPivotedQr(MatrixView<double> matrix, Span<int> pivots, Span<double> reflectorScales, int maxRank, double relativeTolerance)
    {
        var steps = Math.Min(matrix.Rows, matrix.Columns);
        if (IsSmall(matrix.Rows, matrix.Columns, steps) || Vectors.Balance(Largest(matrix)) != 1)
        {
            return _cpu.FactorPivotedQr(matrix, pivots, reflectorScales, maxRank, relativeTolerance);
        }

        ViewShape.CheckLength(matrix.Columns, pivots.Length, nameof(pivots));
        ViewShape.CheckLength(steps, reflectorScales.Length, nameof(reflectorScales));
        Finite.Require(matrix, nameof(matrix));
        for (var column = 0; column < matrix.Columns; column++)
        {
            pivots[column] = column;
        }

        int rank;
        lock (_turn)
        {
            using var a = _device.Upload<double>(matrix);
            using var scales = _device.Take<double>(steps);
            using var order = _device.Upload<int>(pivots[..matrix.Columns]);
            rank = new DeviceQr(_device).FactorPivoted(IlgpuDevice.Whole(a, matrix.Rows, matrix.Columns), scales.View, order.View, Math.Clamp(maxRank, 0, steps), relativeTolerance);
            order.Read(pivots[..matrix.Columns]);
            scales.Read(reflectorScales[..steps]);
            IlgpuDevice.Download(a, matrix);
        }

        Finite.Require(matrix, nameof(matrix));
        return rank;
    }

    /// <inheritdoc/>
    public void FactorQr(MatrixView<double> matrix, Span<double> reflectorScales)
    {
        var steps = Math.Min(matrix.Rows, matrix.Columns);
        if (IsSmall(matrix.Rows, matrix.Columns, steps) || Vectors.Balance(Largest(matrix)) != 1)
        {
            _cpu.FactorQr(matrix, reflectorScales);
            return;
        }

        ViewShape.CheckLength(steps, reflectorScales.Length, nameof(reflectorScales));
        Finite.Require(matrix, nameof(matrix));
        lock (_turn)
        {
            using var a = _device.Upload<double>(matrix);
            using var scales = _device.Take<double>(steps);
            new DeviceQr(_device).Factor(IlgpuDevice.Whole(a, matrix.Rows, matrix.Columns), scales.View);
            scales.Read(reflectorScales[..steps]);
            IlgpuDevice.Download(a, matrix);
        }

        Finite.Require(matrix, nameof(matrix));
    }

    /// <inheritdoc/>
    public void FormQ(ReadOnlyMatrixView<double> compact, ReadOnlySpan<double> reflectorScales, MatrixView<double> orthonormal)
    {
        if (IsSmall(compact.Rows, orthonormal.Columns, reflectorScales.Length))
        {
            _cpu.FormQ(compact, reflectorScales, orthonormal);
            return;
        }

        ViewShape.CheckLength(reflectorScales.Length, Math.Min(compact.Rows, compact.Columns), nameof(compact));
        ViewShape.CheckSame(compact.Rows, orthonormal.Columns, orthonormal.Rows, orthonormal.Columns, nameof(orthonormal));
        ViewShape.CheckLength(reflectorScales.Length, orthonormal.Columns, nameof(orthonormal));
        lock (_turn)
        {
            using var a = _device.Upload(compact);
            using var scales = _device.Upload(reflectorScales);
            using var q = _device.Take<double>((long)compact.Rows * orthonormal.Columns);
            _device.Kernels.SetDiagonal(Math.Min(compact.Rows, orthonormal.Columns), q.View, orthonormal.Columns);
            new DeviceQr(_device).ApplyTo(
                IlgpuDevice.Whole(a, compact.Rows, compact.Columns), scales.View, reflectorScales.Length, IlgpuDevice.Whole(q, compact.Rows, orthonormal.Columns));
            IlgpuDevice.Download(q, orthonormal);
        }
    }

    /// <inheritdoc/>
    /// <remarks>Done by the CPU: a reduction to tridiagonal form waits for memory at every step.</remarks>
    public void DecomposeSymmetric(ReadOnlyMatrixView<double> matrix, Span<double> values, MatrixView<double> vectors) => _cpu.DecomposeSymmetric(matrix, values, vectors);

    /// <inheritdoc/>
    /// <remarks>Done by the CPU.</remarks>
    public void DecomposeSymmetricTop(ReadOnlyMatrixView<double> matrix, Span<double> values, MatrixView<double> vectors, Random random) =>
        _cpu.DecomposeSymmetricTop(matrix, values, vectors, random);

    /// <inheritdoc/>
    /// <remarks>Done by the CPU: a reduction to bidiagonal form waits for memory at every step.</remarks>
    public void DecomposeSingular(ReadOnlyMatrixView<double> matrix, MatrixView<double> left, Span<double> values, MatrixView<double> rightTransposed) =>
        _cpu.DecomposeSingular(matrix, left, values, rightTransposed);

    /// <inheritdoc/>
    /// <remarks>Products and orthonormal bases on the device, the decomposition of the small matrix between them on the CPU.</remarks>
    public void DecomposeSingularTop(
        ReadOnlyMatrixView<double> matrix, MatrixView<double> left, Span<double> values, MatrixView<double> rightTransposed, Random random, int powerIterations, int oversampling)
    {
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfNegative(powerIterations);
        ArgumentOutOfRangeException.ThrowIfNegative(oversampling);
        var (m, n, count) = (matrix.Rows, matrix.Columns, left.Columns);
        var width = (long)count + oversampling;
        if (width >= Math.Min(m, n) || IsSmall(m, n, width) || Vectors.Balance(Largest(matrix)) != 1)
        {
            _cpu.DecomposeSingularTop(matrix, left, values, rightTransposed, random, powerIterations, oversampling);
            return;
        }

        ViewShape.CheckSame(m, count, left.Rows, left.Columns, nameof(left));
        ViewShape.CheckSame(count, n, rightTransposed.Rows, rightTransposed.Columns, nameof(rightTransposed));
        ViewShape.CheckLength(count, values.Length, nameof(values));
        Finite.Require(matrix, nameof(matrix));
        lock (_turn)
        {
            using var source = _device.Upload(matrix);
            new DeviceRandomizedSvd(_device, _cpu).Run(IlgpuDevice.Whole(source, m, n), (int)width, left, values, rightTransposed, random, powerIterations);
        }

        Finite.Require(values[..count], nameof(values));
        Finite.Require(left, nameof(left));
        Finite.Require(rightTransposed, nameof(rightTransposed));
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
