namespace OnnxCompress.Numerics.Kernels;

/// <summary>The other end of the spectrum, for the filter of <see cref="SubspaceIteration{TBlock}"/>.</summary>
internal static unsafe class LowestEigenvalue
{
    private const double Eps = 2.220446049250313e-16;

    /// <summary>A lower estimate of the spectrum from a few Lanczos steps.</summary>
    /// <param name="team">Multiplies.</param>
    /// <param name="a">The matrix.</param>
    /// <param name="start">A random column.</param>
    public static double Estimate(Team team, Block<double> a, Block<double> start)
    {
        const int Steps = 12;
        var n = a.Rows;
        using var memory = new Workspace<double>((long)(Steps + 1) * n);
        var rows = memory.AsBlock(Steps + 1, n);
        var projected = new Matrix<double>(Steps, Steps);
        Vectors.Copy(team, start.Transposed, rows.Window(0, 0, 1, n));
        Vectors.Scale(1 / Vectors.Norm(rows.Data, n), rows.Data, n);
        double coupling = 0;
        var done = 0;
        while (done < Steps)
        {
            double* vector = rows.At(done, 0), next = rows.At(done + 1, 0);
            team.Run(Gemm.CeilingDivide(n, 64), tile => Vectors.RowDots(a.Window(tile * 64, 0, Math.Min(64, n - (tile * 64)), n), vector, next + (tile * 64)));
            projected[done, done] = Vectors.Dot(vector, next, n);
            for (var earlier = 0; earlier <= done; earlier++)
            {
                Vectors.AddScaled(-Vectors.Dot(rows.At(earlier, 0), next, n), rows.At(earlier, 0), next, n);
            }

            coupling = Vectors.Norm(next, n);
            done++;
            if (done == Steps || coupling <= Eps * n * Math.Abs(projected[0, 0]))
            {
                break;
            }

            Vectors.Scale(1 / coupling, next, n);
            projected[done, done - 1] = coupling;
        }

        var values = stackalloc double[Steps];
        var vectors = stackalloc double[Steps * Steps];
        fixed (double* p = projected.Values)
        {
            SymmetricEigenSolver.Run(team, new(p, done, done, Steps), new(values, done), new(vectors, done, done, done));
        }

        var last = vectors[(done * done) - 1]; // last entry of the lowest vector: times the coupling, its residual
        return values[done - 1] - (coupling * Math.Abs(last));
    }
}
