namespace OnnxCompress.Numerics.Kernels;

/// <summary>The subspace iteration on the CPU: the matrix is packed once for all products.</summary>
internal sealed unsafe class TopEigenSolver : SubspaceIteration<Block<double>>, IDisposable
{
    private readonly Team _team;
    private readonly Block<double> _a;
    private readonly Workspace<double> _packed;
    private readonly Workspace<double> _small;

    private TopEigenSolver(Team team, Block<double> a, int wanted, Workspace<double> blocks)
        : base(a.Rows, wanted, (At(blocks, a.Rows, wanted, 0), At(blocks, a.Rows, wanted, 1), At(blocks, a.Rows, wanted, 2)))
    {
        (_team, _a) = (team, a);
        _packed = Gemm.Pack(team, a);
        _small = new(2L * Ritz.Length * Ritz.Length);
    }

    /// <summary>Iterates on a full symmetric block.</summary>
    /// <returns>False when more products would be needed than a full decomposition is worth.</returns>
    public static bool Run(Team team, Block<double> a, Span<double> values, Block<double> vectors, Random random)
    {
        using var blocks = new Workspace<double>(3L * a.Rows * SubspaceWidth.Of(vectors.Columns));
        using var work = new TopEigenSolver(team, a, vectors.Columns, blocks);
        var basis = At(blocks, a.Rows, vectors.Columns, 0);
        GaussianFill.Run(random, basis);
        return work.Run(LowestEigenvalue.Estimate(team, a, basis.Window(0, 0, a.Rows, 1)), values, vectors);
    }

    public void Dispose()
    {
        _packed.Dispose();
        _small.Dispose();
    }

    /// <inheritdoc/>
    protected override void Product(double alpha, Block<double> x, double beta, Block<double> y) => Gemm.RunPacked(_team, alpha, _a, _packed, x, beta, y);

    /// <inheritdoc/>
    protected override Block<double> Window(Block<double> block, int firstColumn, int columns) => block.Window(0, firstColumn, block.Rows, columns);

    /// <inheritdoc/>
    protected override void Copy(Block<double> source, Block<double> target) => Vectors.Copy(_team, source, target);

    /// <inheritdoc/>
    protected override void Combine(Block<double> x, double a, Block<double> y, double b, Block<double> target)
    {
        const int Stretch = 64;
        _team.Run(Gemm.CeilingDivide(x.Rows, Stretch), tile =>
        {
            for (var row = tile * Stretch; row < Math.Min((tile + 1) * Stretch, x.Rows); row++)
            {
                double* source = x.At(row, 0), destination = target.At(row, 0);
                if (source != destination)
                {
                    new Span<double>(source, x.Columns).CopyTo(new(destination, x.Columns));
                }

                Vectors.Scale(a, destination, x.Columns);
                Vectors.AddScaled(b, y.At(row, 0), destination, x.Columns);
            }
        });
    }

    /// <inheritdoc/>
    protected override void Orthonormalize(Block<double> block)
    {
        using var compact = new Workspace<double>((long)block.Rows * block.Columns);
        using var scales = new Workspace<double>(block.Columns);
        var copy = compact.AsBlock(block.Rows, block.Columns);
        Vectors.Copy(_team, block, copy);
        QrFactor.Run(_team, copy, scales.Span);
        BlockReflector.Form(_team, copy, scales.Span, block);
    }

    /// <inheritdoc/>
    protected override Block<double> Rotation(Block<double> x, Block<double> y)
    {
        var width = Ritz.Length;
        var (projected, rotation) = (_small.AsBlock(width, width), new Block<double>(_small.Data + ((long)width * width), width, width, width));
        Gemm.Run<double, double, double>(_team, 1, x.Transposed, y, 0, projected);
        SymmetricEigenSolver.Run(_team, projected, Ritz, rotation);
        return rotation;
    }

    /// <inheritdoc/>
    protected override void Rotate(Block<double> x, Block<double> rotation, Block<double> target) => Gemm.Run<double, double, double>(_team, 1, x, rotation, 0, target);

    /// <inheritdoc/>
    protected override void Residuals(Block<double> x, Block<double> y, Span<double> squares)
    {
        for (var row = 0; row < x.Rows; row++)
        {
            for (var column = 0; column < squares.Length; column++)
            {
                var residual = y[row, column] - (Ritz[column] * x[row, column]);
                squares[column] += residual * residual;
            }
        }
    }

    private static Block<double> At(Workspace<double> blocks, int rows, int wanted, int index)
    {
        var width = SubspaceWidth.Of(wanted);
        return new(blocks.Data + ((long)index * rows * width), rows, width, width);
    }
}
