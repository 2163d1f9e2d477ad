namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// The algebraically largest eigenpairs by Chebyshev-filtered subspace iteration (Zhou, Saad, Tiago, Chelikowsky,
/// Self-Consistent-Field Calculations Using Chebyshev-Filtered Subspace Iteration, J. Comput. Phys. 2006): a polynomial of
/// the matrix damps the unwanted part of the spectrum, then Rayleigh-Ritz. All work is matrix products. Pairs that have
/// converged are left out of the filter. Accepted when every residual ||A v - value v|| is at most sqrt(n) eps ||A||.
/// Where blocks lie and who multiplies them is left open: the host's memory, or a device's.
/// </summary>
/// <typeparam name="TBlock">A window on a row-major matrix.</typeparam>
internal abstract class SubspaceIteration<TBlock>
{
    private const double Eps = 2.220446049250313e-16;
    private const double LargestGrowth = 1e10; // of the first column over the damped ones: keeps the filtered block well enough conditioned
    private const int LargestDegree = 24;

    private readonly int _rows;
    private readonly int _wanted;
    private TBlock _basis;    // X, n x width
    private TBlock _image;    // A X
    private TBlock _spare;
    private int _products;

    /// <summary>Prepares.</summary>
    /// <param name="rows">n.</param>
    /// <param name="wanted">k.</param>
    /// <param name="blocks">Three blocks of n x <see cref="SubspaceWidth.Of"/>, the first one random.</param>
    protected SubspaceIteration(int rows, int wanted, (TBlock Basis, TBlock Image, TBlock Spare) blocks)
    {
        (_rows, _wanted) = (rows, wanted);
        (_basis, _image, _spare) = blocks;
        Ritz = new double[SubspaceWidth.Of(wanted)];
    }

    /// <summary>Approximate eigenvalues, descending.</summary>
    protected double[] Ritz { get; }

    /// <summary>Iterates.</summary>
    /// <param name="lowest">An estimate of the lowest eigenvalue.</param>
    /// <param name="values">Room for k.</param>
    /// <param name="vectors">n x k, overwritten.</param>
    /// <returns>False when more products would be needed than a full decomposition is worth.</returns>
    public bool Run(double lowest, Span<double> values, TBlock vectors)
    {
        if (!Iterate(lowest, largestProducts: 8 * _rows / Ritz.Length))
        {
            return false;
        }

        Ritz.AsSpan(0, _wanted).CopyTo(values);
        Copy(Window(_basis, 0, _wanted), vectors);
        return true;
    }

    /// <summary>Y &lt;- alpha A X + beta Y.</summary>
    protected abstract void Product(double alpha, TBlock x, double beta, TBlock y);

    /// <summary>Columns of a block.</summary>
    protected abstract TBlock Window(TBlock block, int firstColumn, int columns);

    /// <summary>target = a x + b y; target may be x.</summary>
    protected abstract void Combine(TBlock x, double a, TBlock y, double b, TBlock target);

    /// <summary>Copies a block.</summary>
    protected abstract void Copy(TBlock source, TBlock target);

    /// <summary>Replaces the columns by an orthonormal basis that contains their span.</summary>
    protected abstract void Orthonormalize(TBlock block);

    /// <summary>Eigenvectors of X^T Y, its values into <see cref="Ritz"/>; a block of width x width.</summary>
    protected abstract TBlock Rotation(TBlock x, TBlock y);

    /// <summary>target = X R.</summary>
    protected abstract void Rotate(TBlock x, TBlock rotation, TBlock target);

    /// <summary>||y_j - values_j x_j||^2 for the first columns.</summary>
    protected abstract void Residuals(TBlock x, TBlock y, Span<double> squares);

    private bool Iterate(double lowest, int largestProducts)
    {
        Orthonormalize(_basis);
        while (true)
        {
            Image();
            RayleighRitz();
            var size = Math.Max(Math.Abs(Ritz[0]), Math.Abs(lowest));
            var tolerance = Math.Sqrt(_rows) * Eps * size;
            var converged = Converged(tolerance, out var largestResidual);
            if (converged == _wanted)
            {
                return true;
            }

            // Map [lowest, cut] to [-1, 1]; the wanted values lie right of 1.
            var cut = Ritz[^1];
            lowest = cut > lowest ? lowest : cut - (1e-6 * size); // an estimate that was too high shows here
            var half = Math.Max((cut - lowest) / 2, 1e-6 * size);
            var centre = cut - half;
            var degree = Degree((Ritz[converged] - centre) / half, (Ritz[_wanted - 1] - centre) / half, largestResidual / tolerance);
            if (_products + degree > largestProducts)
            {
                return false;
            }

            Filter(converged, degree, centre, half);
            Orthonormalize(_basis);
        }
    }

    // Enough to bring the worst wanted residual down, not more than the first column's growth allows.
    private static int Degree(double first, double last, double reduction)
    {
        var allowed = Math.Acosh(LargestGrowth) / Math.Acosh(Math.Max(first, 1.0001));
        var needed = Math.Acosh(Math.Max(10 * reduction, 2)) / Math.Acosh(Math.Max(last, 1.0001));
        return (int)Math.Clamp(Math.Ceiling(Math.Min(allowed, needed)), 2, LargestDegree);
    }

    private void Image()
    {
        Product(1, _basis, 0, _image);
        _products++;
    }

    // Rotates the basis and its image so that the projected matrix is diagonal, values descending.
    private void RayleighRitz()
    {
        var rotation = Rotation(_basis, _image);
        Rotate(_basis, rotation, _spare);
        (_basis, _spare) = (_spare, _basis);
        Rotate(_image, rotation, _spare);
        (_image, _spare) = (_spare, _image);
    }

    // How many leading pairs have converged, and the largest residual among the wanted.
    private int Converged(double tolerance, out double largest)
    {
        var squares = new double[_wanted];
        Residuals(_basis, _image, squares);
        largest = Math.Sqrt(squares.Max());
        var leading = Array.FindIndex(squares, square => !(Math.Sqrt(square) <= tolerance));
        return leading < 0 ? _wanted : leading;
    }

    // basis <- p(A) basis for the columns from `first` on: Chebyshev recurrence, scaled so that the first column stays near 1.
    private void Filter(int first, int degree, double centre, double half)
    {
        var count = Ritz.Length - first;
        var (previous, current, spare) = (Window(_basis, first, count), Window(_image, first, count), Window(_spare, first, count));
        var sigma1 = half / (Ritz[first] - centre);
        var sigma = sigma1;
        Combine(current, sigma1 / half, previous, -centre * sigma1 / half, current);
        for (var step = 2; step <= degree; step++)
        {
            var next = 1 / ((2 / sigma1) - sigma);
            Combine(previous, -sigma * next, current, -2 * next * centre / half, spare);
            Product(2 * next / half, current, 1, spare);
            _products++;
            (previous, current, spare) = (current, spare, previous);
            sigma = next;
        }

        // After three steps the result may lie in the basis itself.
        Copy(current, Window(_basis, first, count));
    }
}
