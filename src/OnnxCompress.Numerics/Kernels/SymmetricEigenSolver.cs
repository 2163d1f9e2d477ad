namespace OnnxCompress.Numerics.Kernels;

/// <summary>Reduction to tridiagonal form, iteration, ordering.</summary>
internal static unsafe class SymmetricEigenSolver
{
    /// <summary>All eigenvalues and the first eigenvectors; see <see cref="IDenseBackend.DecomposeSymmetric"/>.</summary>
    public static void Run(Team team, Block<double> matrix, Span<double> values, Block<double> vectors)
    {
        var n = matrix.Rows;
        if (n == 0)
        {
            return;
        }

        using var memory = new Workspace<double>((long)n * n);
        // Without vectors rotations turn rows of no length.
        var width = vectors.Columns > 0 ? n : 0;
        using var basisMemory = new Workspace<double>((long)n * width);
        using var scaleMemory = new Workspace<double>(3L * n);
        var (a, basis) = (memory.AsBlock(n, n), basisMemory.AsBlock(n, width));
        var balance = CopySymmetric(team, matrix, a);
        var off = scaleMemory.Span[..n];
        var scales = scaleMemory.Span.Slice(n, n);
        var unordered = scaleMemory.Span.Slice(2 * n, n);
        TridiagonalReduction.Run(team, a, unordered, off, scales);
        if (width > 0)
        {
            TridiagonalReduction.FormQ(team, a, scales, basis.Transposed);
        }

        using (var rotations = new RotationBatch(team, basis))
        {
            TridiagonalEigen.Run(unordered, off, rotations);
            rotations.Finish();
        }

        var order = new int[n];
        for (var index = 0; index < n; index++)
        {
            order[index] = index;
            values[index] = -unordered[index];
        }

        MemoryExtensions.Sort(values[..n], order.AsSpan());
        for (var index = 0; index < n; index++)
        {
            values[index] = -values[index] / balance;
            new Span<double>(basis.At(order[index], 0), width).CopyTo(new(a.At(index, 0), width));
        }

        Vectors.Copy(team, a.Transposed.Window(0, 0, n, vectors.Columns), vectors);
    }

    /// <summary>Copies the lower triangle to both sides, balanced by a power of two.</summary>
    /// <returns>The factor that was applied.</returns>
    public static double CopySymmetric(Team team, Block<double> matrix, Block<double> a)
    {
        double largest = 0;
        for (var row = 0; row < matrix.Rows; row++)
        {
            largest = Math.Max(largest, Vectors.Largest(matrix.Window(row, 0, 1, row + 1)));
        }

        var balance = Vectors.Balance(largest);
        Vectors.Copy(team, matrix, a, balance);
        Gemm.MirrorLower(team, a);
        return balance;
    }
}
