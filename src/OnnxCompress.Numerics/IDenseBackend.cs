namespace OnnxCompress.Numerics;

/// <summary>
/// The dense linear algebra the compressor spends its time in: the seam behind which a CPU or a GPU does the work.
/// All members are synchronous, keep no state between calls (but for chains) and may be called from several threads. Results
/// do not depend on <see cref="Threads"/>. These are the destination forms; allocating forms are in
/// <see cref="DenseLinearAlgebra"/>.
/// </summary>
public interface IDenseBackend
{
    /// <summary>What does the work, for logs: for instance <c>cpu (AVX-512, 2 threads)</c>.</summary>
    string Name { get; }

    /// <summary>Most threads an operation uses.</summary>
    int Threads { get; }

    /// <summary>C &lt;- alpha op(A) op(B) + beta C in float; C (m x n) must not overlap A or B.</summary>
    /// <param name="alpha">Factor of the product.</param>
    /// <param name="a">op(A) is m x k.</param>
    /// <param name="transposeA">How A is read.</param>
    /// <param name="b">op(B) is k x n.</param>
    /// <param name="transposeB">How B is read.</param>
    /// <param name="beta">Factor of what C holds; at 0, C is not read, so it may hold anything.</param>
    /// <param name="c">m x n, overwritten.</param>
    void Multiply(double alpha, ReadOnlyMatrixView<float> a, Transpose transposeA, ReadOnlyMatrixView<float> b, Transpose transposeB, double beta, MatrixView<float> c);

    /// <summary>C &lt;- alpha op(A) op(B) + beta C in double; C (m x n) must not overlap A or B.</summary>
    /// <param name="alpha">Factor of the product.</param>
    /// <param name="a">op(A) is m x k.</param>
    /// <param name="transposeA">How A is read.</param>
    /// <param name="b">op(B) is k x n.</param>
    /// <param name="transposeB">How B is read.</param>
    /// <param name="beta">Factor of what C holds; at 0, C is not read, so it may hold anything.</param>
    /// <param name="c">m x n, overwritten.</param>
    void Multiply(double alpha, ReadOnlyMatrixView<double> a, Transpose transposeA, ReadOnlyMatrixView<double> b, Transpose transposeB, double beta, MatrixView<double> c);

    /// <summary>
    /// gram += rows^T rows. Float in, double out: blocks of at most 256 rows are summed in float, blocks in double.
    /// |error| &lt;= 256 * 2^-24 |rows|^T |rows| entrywise (1.6e-5, reached by adversarial data only); on random samples
    /// about 2e-7 relative, Frobenius, whatever the number of rows. Where the largest entry is above 2^59 or below 2^-40
    /// everything is summed in double, so float's range is no limit. For a sum in double throughout, pass doubles.
    /// </summary>
    /// <param name="rows">m x n samples as rows.</param>
    /// <param name="gram">n x n, symmetric; both triangles are read and written.</param>
    void AddGram(ReadOnlyMatrixView<float> rows, MatrixView<double> gram);

    /// <summary>gram += rows^T rows in double.</summary>
    /// <param name="rows">m x n samples as rows.</param>
    /// <param name="gram">n x n, symmetric; both triangles are read and written.</param>
    void AddGram(ReadOnlyMatrixView<double> rows, MatrixView<double> gram);

    /// <summary>B &lt;- op(T)^-1 B.</summary>
    /// <param name="triangle">Which triangle of <paramref name="factor"/> holds T.</param>
    /// <param name="transpose">Whether T or its transpose is solved with.</param>
    /// <param name="factor">n x n; only the named triangle is read.</param>
    /// <param name="rightSide">n x r, overwritten by the solution.</param>
    /// <exception cref="NumericException">T has a zero on its diagonal, or something is not finite.</exception>
    void SolveTriangular(Triangle triangle, Transpose transpose, ReadOnlyMatrixView<double> factor, MatrixView<double> rightSide);

    /// <summary>Cholesky in place: A = L L^T.</summary>
    /// <param name="matrix">n x n, symmetric, only the lower triangle is read; overwritten by L, the upper triangle by zeros.</param>
    /// <returns>-1, or the first column whose pivot is not positive; the matrix is then spoilt.</returns>
    /// <exception cref="NumericException">Something is not finite.</exception>
    int FactorCholesky(MatrixView<double> matrix);

    /// <summary>
    /// Greedy pivoted Cholesky, G ~ R^T R: each step takes the largest residual diagonal (ties: the lowest index) until
    /// <paramref name="maxRank"/> or until it is at most <c>relativeTolerance</c> times the largest of the input.
    /// </summary>
    /// <param name="gram">n x n, positive semi-definite; not changed.</param>
    /// <param name="maxRank">Most steps; above n means n.</param>
    /// <param name="relativeTolerance">Relative to the largest diagonal entry (the first pivot), on the squared scale of the Gram.</param>
    /// <param name="pivots">Room for min(maxRank, n): selected indices in order.</param>
    /// <param name="pivotValues">Room for as many: residual diagonal at selection, descending to rounding.</param>
    /// <param name="residualTraces">Room for one more: trace of what is left after 0, 1, ... steps.</param>
    /// <param name="factor">min(maxRank, n) x n: R in the original column order; rows from the rank on are zero.</param>
    /// <returns>The rank: how many pivots were taken.</returns>
    /// <exception cref="NumericException">Something is not finite.</exception>
    int FactorPivotedCholesky(ReadOnlyMatrixView<double> gram, int maxRank, double relativeTolerance, Span<int> pivots, Span<double> pivotValues, Span<double> residualTraces, MatrixView<double> factor);

    /// <summary>All eigenvalues of a symmetric matrix, A = V diag(values) V^T, and as many of the first eigenvectors as there is room for.</summary>
    /// <param name="matrix">n x n; only the lower triangle is read; not changed.</param>
    /// <param name="values">Room for n, descending.</param>
    /// <param name="vectors">n x k, k at most n: column j belongs to value j. Without columns only values are computed, in a fraction of the time.</param>
    /// <exception cref="NumericException">Something is not finite, or no convergence.</exception>
    void DecomposeSymmetric(ReadOnlyMatrixView<double> matrix, Span<double> values, MatrixView<double> vectors);

    /// <summary>The algebraically largest eigenvalues of a symmetric matrix, with vectors.</summary>
    /// <param name="matrix">n x n, symmetric; both triangles are read; not changed.</param>
    /// <param name="values">Room for k = <paramref name="vectors"/>.Columns, descending.</param>
    /// <param name="vectors">n x k: column j belongs to value j.</param>
    /// <param name="random">Seeded; chooses the starting subspace where an iteration is used.</param>
    /// <exception cref="NumericException">Something is not finite, or no convergence.</exception>
    void DecomposeSymmetricTop(ReadOnlyMatrixView<double> matrix, Span<double> values, MatrixView<double> vectors, Random random);

    /// <summary>The largest share that each column has in any row: s_j = max_i a_ij / sum_q a_iq; rows that sum up to 0 say nothing.</summary>
    /// <param name="matrix">m x n, not negative; not changed.</param>
    /// <param name="shares">Room for n, overwritten.</param>
    void LargestShares(ReadOnlyMatrixView<double> matrix, Span<double> shares);

    /// <summary>Draws by inversion: for each point the first place whose cumulated weight is above it.</summary>
    /// <param name="cumulated">Sums of weights up to and with each place, not descending; at least one.</param>
    /// <param name="points">Each below the last sum.</param>
    /// <param name="places">Room for as many as there are points, overwritten.</param>
    void Locate(ReadOnlySpan<double> cumulated, ReadOnlySpan<double> points, Span<int> places);

    /// <summary>Opens a chain of operations whose matrices stay where the work is done.</summary>
    /// <param name="work">Multiply-adds of its typical operation: a device leaves small chains to the CPU.</param>
    IDenseChain OpenChain(double work) => new HostChain(this);
}
