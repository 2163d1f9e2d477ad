namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// Randomized truncated SVD (Halko, Martinsson, Tropp, Finding Structure with Randomness, SIAM Review 2011, algorithms 4.4
/// and 5.1): a basis of A (A^T A)^q Omega, orthonormalised after every product, then the SVD of what A is in that basis. The
/// expected spectral error is at most (1 + sqrt(k / (p - 1)) + ...)^(1 / (2 q + 1)) times the (k + 1)-th singular value.
/// </summary>
internal static unsafe class RandomizedSvd
{
    /// <summary>Leading triplets; see <see cref="IDenseBackend.DecomposeSingularTop"/>. Needs k + oversampling below min(m, n).</summary>
    public static void Run(Team team, Block<double> matrix, Block<double> left, Span<double> values, Block<double> rightTransposed, Random random, int powerIterations, int oversampling)
    {
        var (m, n, k) = (matrix.Rows, matrix.Columns, left.Columns);
        var width = k + oversampling;
        using var outer = new Workspace<double>((long)m * width);
        using var inner = new Workspace<double>((long)n * width);
        var (tall, wide) = (outer.AsBlock(m, width), inner.AsBlock(n, width));
        GaussianFill.Run(random, wide);
        Gemm.Run<double, double, double>(team, 1, matrix, wide, 0, tall);
        Orthonormalize(team, tall);
        for (var round = 0; round < powerIterations; round++)
        {
            Gemm.Run<double, double, double>(team, 1, matrix.Transposed, tall, 0, wide);
            Orthonormalize(team, wide);
            Gemm.Run<double, double, double>(team, 1, matrix, wide, 0, tall);
            Orthonormalize(team, tall);
        }

        // B^T = A^T Q (n x width) = V S U_B^T, so A ~ Q B = (Q U_B) S V^T.
        Gemm.Run<double, double, double>(team, 1, matrix.Transposed, tall, 0, wide);
        using var right = new Workspace<double>((long)n * width);
        using var mixing = new Workspace<double>((long)width * width);
        using var all = new Workspace<double>(width);
        SvdSolver.Run(team, wide, right.AsBlock(n, width), all.Span, mixing.AsBlock(width, width));
        all.Span[..k].CopyTo(values);
        Vectors.Copy(team, right.AsBlock(n, width).Transposed.Window(0, 0, k, n), rightTransposed);
        Gemm.Run<double, double, double>(team, 1, tall, mixing.AsBlock(width, width).Window(0, 0, k, width).Transposed, 0, left);
    }

    /// <summary>Replaces the columns by an orthonormal basis that contains their span, even where they are dependent.</summary>
    public static void Orthonormalize(Team team, Block<double> columns)
    {
        using var compact = new Workspace<double>((long)columns.Rows * columns.Columns);
        using var scales = new Workspace<double>(columns.Columns);
        var copy = compact.AsBlock(columns.Rows, columns.Columns);
        Vectors.Copy(team, columns, copy);
        QrFactor.Run(team, copy, scales.Span);
        BlockReflector.Form(team, copy, scales.Span, columns);
    }
}
