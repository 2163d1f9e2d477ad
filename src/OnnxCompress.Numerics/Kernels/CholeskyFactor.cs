using System.Runtime.CompilerServices;

namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// A = L L^T in the lower triangle by halving (Gustavson 1997): factor the leading half, solve for the off-diagonal block,
/// subtract its Gram, factor the rest. Backward error: ||A - L L^T|| &lt;= c n eps ||A|| (Higham 2002, theorem 10.3).
/// </summary>
internal static unsafe class CholeskyFactor
{
    private const int Leaf = 64;

    /// <summary>Factors in place; the upper triangle is not touched.</summary>
    /// <returns>-1, or the first column whose pivot is not positive.</returns>
    public static int Run(Team team, Block<double> a)
    {
        if (a.Rows <= Leaf)
        {
            return FactorLeaf(a);
        }

        var half = Gemm.CeilingDivide(a.Rows / 2, Leaf) * Leaf;
        var (leading, below, rest) = (a.Window(0, 0, half, half), a.Window(half, 0, a.Rows - half, half), a.From(half, half));
        var failed = Run(team, leading);
        if (failed >= 0)
        {
            return failed;
        }

        TriangularSolver.Solve(team, lower: true, leading, below.Transposed); // L21 L11^T = A21
        Gemm.Run<double, double, double>(team, -1, below, below.Transposed, 1, rest, Region.Lower);
        failed = Run(team, rest);
        return failed < 0 ? -1 : half + failed;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int FactorLeaf(Block<double> a)
    {
        for (var row = 0; row < a.Rows; row++)
        {
            var values = a.At(row, 0);
            for (var column = 0; column < row; column++)
            {
                values[column] = (values[column] - Vectors.Dot(values, a.At(column, 0), column)) / a[column, column];
            }

            var pivot = values[row] - Vectors.Dot(values, values, row);
            if (!(pivot > 0))
            {
                return row;
            }

            values[row] = Math.Sqrt(pivot);
        }

        return -1;
    }
}
