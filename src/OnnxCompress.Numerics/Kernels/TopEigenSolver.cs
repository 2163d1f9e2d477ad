namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// The algebraically largest eigenpairs by Chebyshev-filtered subspace iteration (Zhou, Saad, Tiago, Chelikowsky,
/// Self-Consistent-Field Calculations Using Chebyshev-Filtered Subspace Iteration, J. Comput. Phys. 2006): a polynomial of
/// the matrix damps the unwanted part of the spectrum, then Rayleigh-Ritz. All work is matrix products. Pairs that have
/// converged are left out of the filter. Accepted when every residual ||A v - value v|| is at most sqrt(n) eps ||A||.
/// </summary>
internal sealed unsafe class TopEigenSolver : IDisposable
{
    private const double Eps = 2.220446049250313e-16;
    private const double LargestGrowth = 1e10; // of the first column over the damped ones: keeps the filtered block well enough conditioned
    private const int LargestDegree = 24;

    private readonly Team _team;
    private readonly Block<double> _a;
    private readonly int _wanted;
    private readonly int _width;
    private readonly Workspace<double> _packed;
    private readonly Workspace<double> _memory;
    private readonly Workspace<double> _small;
    private readonly double[] _ritz;
    private Block<double> _basis;    // X, n x width
    private Block<double> _image;    // A X
    private Block<double> _spare;
    private int _products;

    private TopEigenSolver(Team team, Block<double> a, int wanted, int width)
    {
        (_team, _a, _wanted, _width) = (team, a, wanted, width);
        var size = (long)a.Rows * width;
        _packed = Gemm.Pack(team, a);
        _memory = new(3 * size);
        _basis = new(_memory.Data, a.Rows, width, width);
        _image = new(_memory.Data + size, a.Rows, width, width);
        _spare = new(_memory.Data + (2 * size), a.Rows, width, width);
        _small = new(2L * width * width);
        _ritz = new double[width];
    }

    /// <summary>Columns of the iterated block: wider blocks converge in fewer, costlier products.</summary>
    public static int Width(int wanted) => wanted + Math.Max(16, wanted / 2);

    /// <summary>Iterates on a full symmetric block.</summary>
    /// <returns>False when more products would be needed than a full decomposition is worth.</returns>
    public static bool Run(Team team, Block<double> a, Span<double> values, Block<double> vectors, Random random)
    {
        using var work = new TopEigenSolver(team, a, vectors.Columns, Width(vectors.Columns));
        if (!work.Iterate(random, largestProducts: 8 * a.Rows / work._width))
        {
            return false;
        }

        work._ritz.AsSpan(0, vectors.Columns).CopyTo(values);
        Vectors.Copy(team, work._basis.Window(0, 0, a.Rows, vectors.Columns), vectors);
        return true;
    }

    public void Dispose()
    {
        _packed.Dispose();
        _memory.Dispose();
        _small.Dispose();
    }

    private bool Iterate(Random random, int largestProducts)
    {
        GaussianFill.Run(random, _basis);
        var lowest = LowestEigenvalue();
        RandomizedSvd.Orthonormalize(_team, _basis);
        while (true)
        {
            Product(_basis, _image);
            Rotate();
            var size = Math.Max(Math.Abs(_ritz[0]), Math.Abs(lowest));
            var tolerance = Math.Sqrt(_a.Rows) * Eps * size;
            var converged = Converged(tolerance, out var largestResidual);
            if (converged == _wanted)
            {
                return true;
            }

            // Map [lowest, cut] to [-1, 1]; the wanted values lie right of 1.
            var cut = _ritz[_width - 1];
            lowest = cut > lowest ? lowest : cut - (1e-6 * size); // an estimate that was too high shows here
            var half = Math.Max((cut - lowest) / 2, 1e-6 * size);
            var centre = cut - half;
            var degree = Degree((_ritz[converged] - centre) / half, (_ritz[_wanted - 1] - centre) / half, largestResidual / tolerance);
            if (_products + degree > largestProducts)
            {
                return false;
            }

            Filter(converged, degree, centre, half);
            RandomizedSvd.Orthonormalize(_team, _basis);
        }
    }

    // Enough to bring the worst wanted residual down, not more than the first column's growth allows.
    private static int Degree(double first, double last, double reduction)
    {
        var allowed = Math.Acosh(LargestGrowth) / Math.Acosh(Math.Max(first, 1.0001));
        var needed = Math.Acosh(Math.Max(10 * reduction, 2)) / Math.Acosh(Math.Max(last, 1.0001));
        return (int)Math.Clamp(Math.Ceiling(Math.Min(allowed, needed)), 2, LargestDegree);
    }

    private void Product(Block<double> columns, Block<double> image)
    {
        Gemm.RunPacked(_team, 1, _a, _packed, columns, 0, image);
        _products++;
    }

    // Rayleigh-Ritz: rotates the basis and its image so that the projected matrix is diagonal, values descending.
    private void Rotate()
    {
        var (projected, rotation) = (_small.AsBlock(_width, _width), new Block<double>(_small.Data + ((long)_width * _width), _width, _width, _width));
        Gemm.Run<double, double, double>(_team, 1, _basis.Transposed, _image, 0, projected);
        SymmetricEigenSolver.Run(_team, projected, _ritz, rotation);
        Gemm.Run<double, double, double>(_team, 1, _basis, rotation, 0, _spare);
        (_basis, _spare) = (_spare, _basis);
        Gemm.Run<double, double, double>(_team, 1, _image, rotation, 0, _spare);
        (_image, _spare) = (_spare, _image);
    }

    // How many leading pairs have converged, and the largest residual among the wanted.
    private int Converged(double tolerance, out double largest)
    {
        var squares = new double[_wanted];
        for (var row = 0; row < _a.Rows; row++)
        {
            for (var column = 0; column < _wanted; column++)
            {
                var residual = _image[row, column] - (_ritz[column] * _basis[row, column]);
                squares[column] += residual * residual;
            }
        }

        largest = Math.Sqrt(squares.Max());
        var leading = Array.FindIndex(squares, square => !(Math.Sqrt(square) <= tolerance));
        return leading < 0 ? _wanted : leading;
    }

    // basis <- p(A) basis for the columns from `first` on: Chebyshev recurrence, scaled so that the first column stays near 1.
    private void Filter(int first, int degree, double centre, double half)
    {
        var count = _width - first;
        var (previous, current, spare) = (_basis.Window(0, first, _a.Rows, count), _image.Window(0, first, _a.Rows, count), _spare.Window(0, first, _a.Rows, count));
        var sigma1 = half / (_ritz[first] - centre);
        var sigma = sigma1;
        Combine(current, sigma1 / half, previous, -centre * sigma1 / half, current);
        for (var step = 2; step <= degree; step++)
        {
            var next = 1 / ((2 / sigma1) - sigma);
            Combine(previous, -sigma * next, current, -2 * next * centre / half, spare);
            Gemm.RunPacked(_team, 2 * next / half, _a, _packed, current, 1, spare);
            _products++;
            (previous, current, spare) = (current, spare, previous);
            sigma = next;
        }

        Vectors.Copy(_team, current, _basis.Window(0, first, _a.Rows, count));
    }

    // target = a x + b y; target may be x.
    private void Combine(Block<double> x, double a, Block<double> y, double b, Block<double> target)
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

    // A lower estimate of the spectrum from a few Lanczos steps, started from the first column of the random block.
    private double LowestEigenvalue()
    {
        const int Steps = 12;
        var n = _a.Rows;
        using var memory = new Workspace<double>((long)(Steps + 1) * n);
        var rows = memory.AsBlock(Steps + 1, n);
        var projected = new Matrix<double>(Steps, Steps);
        Vectors.Copy(_team, _basis.Window(0, 0, n, 1).Transposed, rows.Window(0, 0, 1, n));
        Vectors.Scale(1 / Vectors.Norm(rows.Data, n), rows.Data, n);
        double coupling = 0;
        var done = 0;
        while (done < Steps)
        {
            double* vector = rows.At(done, 0), next = rows.At(done + 1, 0);
            _team.Run(Gemm.CeilingDivide(n, 64), tile => Vectors.RowDots(_a.Window(tile * 64, 0, Math.Min(64, n - (tile * 64)), n), vector, next + (tile * 64)));
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
            SymmetricEigenSolver.Run(_team, new(p, done, done, Steps), new(values, done), new(vectors, done, done, done));
        }

        var last = vectors[(done * done) - 1]; // last entry of the lowest vector: times the coupling, its residual
        return values[done - 1] - (coupling * Math.Abs(last));
    }
}
