namespace OnnxCompress.Numerics;

/// <summary>
/// One least-squares problem for several ridges towards a prior, from normal matrices:
/// min over W of ||Y - W X||^2 + lambda ||W - W0||^2, so W (X X^T + lambda I) = Y X^T + lambda W0 (Hoerl and Kennard 1970,
/// with the ridge centred on W0). In a chain, so that the matrices go to the backend once. Weights are operands of n x o: W
/// transposed, as the solves leave them. Forward error about eps times the condition number of X X^T + lambda I.
/// </summary>
public sealed class RidgeProblem
{
    /// <summary>How many times more outputs than inputs make the way through the inputs worth its three more products.</summary>
    private const int ManyMore = 2;

    private readonly IDenseChain _chain;
    private readonly ScatterMatrix _normal;
    private readonly IDenseOperand _cross;
    private readonly IDenseOperand? _prior;
    private readonly Lazy<bool> _isFinite;

    /// <summary>Puts the matrices into the chain.</summary>
    /// <param name="chain">Does the work, and holds the memory until it is disposed.</param>
    /// <param name="normal">X X^T (n x n); must not change while the chain is open.</param>
    /// <param name="cross">Y X^T (o x n).</param>
    /// <param name="prior">W0 transposed (n x o); null for zero.</param>
    public RidgeProblem(IDenseChain chain, Matrix<double> normal, Matrix<double> cross, IDenseOperand? prior)
    {
        ArgumentNullException.ThrowIfNull(chain);
        ArgumentNullException.ThrowIfNull(normal);
        ArgumentNullException.ThrowIfNull(cross);
        (_chain, _prior) = (chain, prior);
        (_normal, _cross) = (new ScatterMatrix(chain, [(normal, chain.Put(normal))]), chain.Put(cross.Transpose()));
        _isFinite = FiniteOnce(cross);
    }

    /// <summary>Takes moments that are never formed.</summary>
    /// <param name="chain">Does the work, and holds the memory until it is disposed.</param>
    /// <param name="normal">X X^T (n x n).</param>
    /// <param name="cross">X Y^T (n x o); must not change while the chain is open.</param>
    /// <param name="prior">W0 transposed (n x o); null for zero.</param>
    internal RidgeProblem(IDenseChain chain, ScatterMatrix normal, Matrix<double> cross, IDenseOperand? prior)
    {
        (_chain, _normal, _cross, _prior) = (chain, normal, chain.Put(cross), prior);
        _isFinite = FiniteOnce(cross);
    }

    /// <summary>o.</summary>
    internal int Outputs => _cross.Columns;

    /// <summary>The absolute lambda that is a share of the mean diagonal of X X^T.</summary>
    /// <param name="relative">Dimensionless, 0 or more.</param>
    internal double RelativeLambda(double relative) => _normal.Size == 0 ? 0 : relative * _normal.Trace / _normal.Size;

    /// <summary>The absolute lambda that is <paramref name="relative"/> times the mean diagonal of X X^T.</summary>
    /// <param name="normal">X X^T (n x n).</param>
    /// <param name="relative">Dimensionless, 0 or more.</param>
    /// <returns>relative * trace / n; 0 when n is 0.</returns>
    public static double RelativeLambda(ReadOnlyMatrixView<double> normal, double relative)
    {
        ViewShape.CheckSquare(normal.Rows, normal.Columns, nameof(normal));
        ArgumentOutOfRangeException.ThrowIfNegative(relative);
        double trace = 0;
        for (var index = 0; index < normal.Rows; index++)
        {
            trace += normal[index, index];
        }

        return normal.Rows == 0 ? 0 : relative * trace / normal.Rows;
    }

    /// <summary>The weights for one ridge.</summary>
    /// <param name="lambda">Absolute, 0 or more.</param>
    /// <returns>W transposed; null where X X^T + lambda I is not positive definite.</returns>
    /// <exception cref="NumericException">Something is not finite.</exception>
    public IDenseOperand? Solve(double lambda)
    {
        _ = _isFinite.Value;
        using var system = _normal.Shifted(lambda);
        if (_chain.FactorCholesky(system) >= 0)
        {
            return null;
        }

        var weights = RightSide(lambda);
        _chain.SolveCholesky(system, weights);
        return weights;
    }

    /// <summary>
    /// The best weights of a rank for one ridge (reduced-rank regression): projected on the leading eigenvectors of
    /// W (X X^T + lambda I) W^T; on the fitted outputs alone would be right only without a ridge.
    /// </summary>
    /// <param name="backend">Finds the eigenvectors.</param>
    /// <param name="lambda">Absolute, 0 or more.</param>
    /// <param name="rank">At most o.</param>
    /// <returns>W transposed, and the eigenvectors (o x rank), which span its outputs; null as for <see cref="Solve"/>.</returns>
    /// <exception cref="NumericException">Something is not finite.</exception>
    public (IDenseOperand Weights, Matrix<double> Expand)? SolveLowRank(IDenseBackend backend, double lambda, int rank) => SolveLowRank(backend, lambda, rank, null);

    /// <summary>The same with errors weighed by a metric: min of tr(M E E^T), whose leading directions are those of R W.</summary>
    /// <param name="backend">Finds the eigenvectors.</param>
    /// <param name="lambda">Absolute, 0 or more.</param>
    /// <param name="rank">At most o.</param>
    /// <param name="metric">R, the symmetric root of M (o x o), and its inverse; null where all outputs count alike.</param>
    internal (IDenseOperand Weights, Matrix<double> Expand)? SolveLowRank(IDenseBackend backend, double lambda, int rank, (Matrix<double> Root, Matrix<double> Inverse)? metric)
    {
        ArgumentNullException.ThrowIfNull(backend);
        if (metric is null && _cross.Columns > ManyMore * _cross.Rows && rank <= _cross.Rows)
        {
            return SolveLowRankOfMany(backend, lambda, rank);
        }

        if (Solve(lambda) is not { } weights)
        {
            return null;
        }

        // (X X^T + lambda I) W^T is the right side that was solved for.
        using var rightSide = RightSide(lambda);
        using var energies = _chain.Product(weights, Transpose.Yes, rightSide, Transpose.No);
        var spread = new Matrix<double>(energies.Rows, energies.Rows);
        _chain.Read(energies, spread);
        if (metric is var (root, inverse))
        {
            spread = backend.Multiply(backend.Multiply(root, spread), root);
            Symmetrize(spread);
            var leading = backend.TopEigen(spread, rank, new Random(0)).Vectors;
            var (read, write) = (backend.Multiply(root, leading), backend.Multiply(inverse, leading));
            using (weights)
            {
                return (Projected(weights, read, write), Orthonormal(write));
            }
        }

        Symmetrize(spread);
        var expand = backend.TopEigen(spread, rank, new Random(0)).Vectors;
        using (weights)
        {
            return (Projected(weights, expand, expand), expand);
        }
    }

    private IDenseOperand Projected(IDenseOperand weights, Matrix<double> read, Matrix<double> write)
    {
        using var basis = _chain.Put(read);
        using var along = _chain.Product(weights, Transpose.No, basis, Transpose.No);
        using var back = ReferenceEquals(read, write) ? null : _chain.Put(write);
        return _chain.Product(along, Transpose.No, back ?? basis, Transpose.Yes);
    }

    private static Matrix<double> Orthonormal(Matrix<double> columns)
    {
        Orthonormalize(columns);
        return columns;
    }

    /// <summary>
    /// The same for outputs that are many more than inputs, without a matrix of outputs x outputs: with
    /// X X^T + lambda I = L L^T the eigenvectors are the left singular vectors of W L, found from (W L)^T (W L), n x n.
    /// </summary>
    private (IDenseOperand Weights, Matrix<double> Expand)? SolveLowRankOfMany(IDenseBackend backend, double lambda, int rank)
    {
        using var system = _normal.Shifted(lambda);
        if (_chain.FactorCholesky(system) >= 0)
        {
            return null;
        }

        using var weights = RightSide(lambda);
        _chain.SolveCholesky(system, weights);
        var lower = new Matrix<double>(system.Rows, system.Rows);
        _chain.Read(system, lower);
        for (var row = 0; row < lower.Rows; row++)
        {
            lower.Row(row)[(row + 1)..].Clear();
        }

        using var factor = _chain.Put(lower);
        using var scaled = _chain.Product(factor, Transpose.Yes, weights, Transpose.No);
        using var energies = _chain.Product(scaled, Transpose.No, scaled, Transpose.Yes);
        var spread = new Matrix<double>(energies.Rows, energies.Rows);
        _chain.Read(energies, spread);
        Symmetrize(spread);
        using var right = _chain.Put(backend.TopEigen(spread, rank, new Random(0)).Vectors);
        using var left = _chain.Product(scaled, Transpose.Yes, right, Transpose.No);
        var expand = new Matrix<double>(left.Rows, rank);
        _chain.Read(left, expand);
        Orthonormalize(expand);
        using var basis = _chain.Put(expand);
        using var along = _chain.Product(weights, Transpose.No, basis, Transpose.No);
        return (_chain.Product(along, Transpose.No, basis, Transpose.Yes), expand);
    }

    // Not every backend sees what it is given, and once is enough for all ridges.
    private Lazy<bool> FiniteOnce(Matrix<double> cross) => new(() =>
    {
        _normal.RequireFinite();
        Finite.Require(cross, nameof(cross));
        return true;
    });

    // Y X^T + lambda W0, transposed.
    private IDenseOperand RightSide(double lambda)
    {
        var rightSide = _chain.Copy(_cross);
        if (_prior is not null)
        {
            _chain.AddScaled(lambda, _prior, rightSide);
        }

        return rightSide;
    }

    // Gram and Schmidt, twice for what rounding leaves; a direction that the others span becomes zero.
    private static void Orthonormalize(Matrix<double> columns)
    {
        var rows = columns.Transpose();
        for (var k = 0; k < rows.Rows; k++)
        {
            var row = rows.Row(k);
            var before = Math.Sqrt(Kernels.Vectors.Dot(row, row));
            for (var other = 0; other < 2 * k; other++)
            {
                var earlier = rows.Row(other % k);
                var share = Kernels.Vectors.Dot(row, earlier);
                for (var i = 0; i < row.Length; i++)
                {
                    row[i] -= share * earlier[i];
                }
            }

            var norm = Math.Sqrt(Kernels.Vectors.Dot(row, row));
            for (var i = 0; i < row.Length; i++)
            {
                row[i] = norm > 1e-9 * before ? row[i] / norm : 0;
            }
        }

        for (var k = 0; k < rows.Rows; k++)
        {
            for (var i = 0; i < rows.Columns; i++)
            {
                columns[i, k] = rows[k, i];
            }
        }
    }

    // Rounding differs on the two sides of the diagonal.
    private static void Symmetrize(Matrix<double> matrix)
    {
        for (var row = 0; row < matrix.Rows; row++)
        {
            for (var column = 0; column < row; column++)
            {
                matrix[row, column] = matrix[column, row] = (matrix[row, column] + matrix[column, row]) / 2;
            }
        }
    }
}
