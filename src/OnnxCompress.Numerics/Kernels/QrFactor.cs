namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// Blocked Householder QR: a panel is factored column by column on a transposed copy, where columns are contiguous, then
/// its reflectors are applied to the rest as one block (LAPACK's geqrf). Backward error per column c m n eps (Higham 2002,
/// theorem 19.4).
/// </summary>
internal static unsafe class QrFactor
{
    /// <summary>Factors in place.</summary>
    public static void Run(Team team, Block<double> a, Span<double> scales)
    {
        var steps = Math.Min(a.Rows, a.Columns);
        scales[..steps].Clear();
        using var panelMemory = new Workspace<double>((long)BlockReflector.Width * a.Rows);
        using var block = new BlockReflector(a.Rows, a.Columns);
        for (var first = 0; first < steps; first += BlockReflector.Width)
        {
            var count = Math.Min(BlockReflector.Width, steps - first);
            var source = a.Window(first, first, a.Rows - first, count);
            var panel = panelMemory.AsBlock(count, source.Rows);
            Vectors.Copy(team, source.Transposed, panel);
            FactorPanel(panel, scales.Slice(first, count));
            Vectors.Copy(team, panel.Transposed, source);
            if (first + count < a.Columns)
            {
                block.Load(team, source, scales.Slice(first, count));
                block.Apply(team, Transpose.Yes, a.From(first, first + count));
            }
        }
    }

    // Row j of the panel is column j of the matrix.
    private static void FactorPanel(Block<double> panel, Span<double> scales)
    {
        var dots = stackalloc double[BlockReflector.Width];
        for (var step = 0; step < panel.Rows; step++)
        {
            var v = panel.At(step, step);
            var length = panel.Columns - step;
            scales[step] = Reflector.Make(v, length);
            var beta = v[0];
            v[0] = 1;
            var rest = panel.From(step + 1, step);
            Vectors.RowDots(rest, v, dots);
            for (var row = 0; row < rest.Rows; row++)
            {
                Vectors.AddScaled(-scales[step] * dots[row], v, rest.At(row, 0), length);
            }

            v[0] = beta;
        }
    }
}
