namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// Thin singular value decomposition: QR first when the matrix is tall (Chan 1982), then reduction to bidiagonal form,
/// iteration, ordering. Backward stable: ||A - U S V^T|| and departures from orthogonality are c n eps.
/// </summary>
internal static unsafe class SvdSolver
{
    private const double TallRatio = 1.2;

    /// <summary>All min(m, n) triplets; see <see cref="CpuBackend.DecomposeSingular"/>.</summary>
    public static void Run(Team team, Block<double> matrix, Block<double> left, Span<double> values, Block<double> rightTransposed)
    {
        if (matrix.Rows < matrix.Columns)
        {
            (matrix, left, rightTransposed) = (matrix.Transposed, rightTransposed.Transposed, left.Transposed); // A^T = V S U^T
        }

        var (m, n) = (matrix.Rows, matrix.Columns);
        if (n == 0)
        {
            return;
        }

        using var memory = new Workspace<double>((long)m * n);
        var a = memory.AsBlock(m, n);
        var balance = Vectors.Balance(Vectors.Largest(matrix));
        Vectors.Copy(team, matrix, a, balance);
        if (m < TallRatio * n)
        {
            Square(team, a, left, values, rightTransposed);
        }
        else
        {
            using var scales = new Workspace<double>(n);
            using var upper = new Workspace<double>((long)n * n);
            QrFactor.Run(team, a, scales.Span);
            var r = upper.AsBlock(n, n);
            for (var row = 0; row < n; row++)
            {
                new Span<double>(r.At(row, 0), row).Clear();
                new Span<double>(a.At(row, row), n - row).CopyTo(new(r.At(row, row), n - row));
            }

            Square(team, r, left.Window(0, 0, n, n), values, rightTransposed);
            for (var row = n; row < m; row++)
            {
                for (var column = 0; column < n; column++)
                {
                    left[row, column] = 0;
                }
            }

            BlockReflector.ApplyAll(team, a, scales.Span, left); // U = Q U_R
        }

        for (var index = 0; index < n; index++)
        {
            values[index] /= balance;
        }
    }

    private static void Square(Team team, Block<double> a, Block<double> left, Span<double> values, Block<double> rightTransposed)
    {
        var (m, n) = (a.Rows, a.Columns);
        using var scaleMemory = new Workspace<double>(4L * n);
        using var leftMemory = new Workspace<double>((long)m * n);
        using var rightMemory = new Workspace<double>((long)n * n);
        var diagonal = scaleMemory.Span[..n];
        var off = scaleMemory.Span.Slice(n, n);
        var leftScales = scaleMemory.Span.Slice(2 * n, n);
        var rightScales = scaleMemory.Span.Slice(3 * n, n);
        var (leftRows, rightRows) = (leftMemory.AsBlock(n, m), rightMemory.AsBlock(n, n)); // rows are singular vectors
        BidiagonalReduction.Run(team, a, diagonal, off, leftScales, rightScales);
        BlockReflector.Form(team, a, leftScales, leftRows.Transposed);
        TridiagonalReduction.FormQ(team, a.Window(0, 0, n, n), rightScales, rightRows.Transposed);
        using (RotationBatch leftRotations = new(team, leftRows), rightRotations = new(team, rightRows))
        {
            BidiagonalSvd.Run(diagonal, off, leftRotations, rightRotations);
            leftRotations.Finish();
            rightRotations.Finish();
        }

        var order = new int[n];
        for (var index = 0; index < n; index++)
        {
            order[index] = index;
            values[index] = -Math.Abs(diagonal[index]);
        }

        MemoryExtensions.Sort(values[..n], order.AsSpan());
        for (var index = 0; index < n; index++)
        {
            values[index] = -values[index];
            var source = order[index];
            Vectors.Copy(team, leftRows.Window(source, 0, 1, m), left.Transposed.Window(index, 0, 1, m));
            Vectors.Copy(team, rightRows.Window(source, 0, 1, n), rightTransposed.Window(index, 0, 1, n), diagonal[source] < 0 ? -1 : 1);
        }
    }
}
