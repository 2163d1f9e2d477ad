using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using OnnxCompress.Numerics;
using OnnxCompress.Numerics.Kernels;

namespace OnnxCompress.Selection.LowRank;

/// <summary>
/// A backend that remembers eigendecompositions by the content of their matrix, up to a limit of bytes: prices, all ranks
/// and plans of a layer, and the same plan in other numbers, ask for the same ones. What is forgotten is computed again by
/// the same steps, so results do not depend on what is remembered. All else goes to the backend behind it.
/// </summary>
/// <param name="backend">Does the work.</param>
/// <param name="limit">Bytes to remember; what was not used for longest goes first.</param>
internal sealed class DecompositionMemory(IDenseBackend backend, long limit) : IDenseBackend
{
    /// <summary>About what an entry takes beside its numbers.</summary>
    private const int Overhead = 512;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Kept>> _kept = new(StringComparer.Ordinal);
    private readonly LinkedList<Kept> _byUse = new();
    private long _bytes;

    /// <inheritdoc />
    public string Name => backend.Name;

    /// <inheritdoc />
    public int Threads => backend.Threads;

    /// <summary>The backend behind it, for what is asked for once.</summary>
    public IDenseBackend Forgetful => backend;

    /// <summary>What was made of the same numbers before, or is made now.</summary>
    /// <typeparam name="T">What is made; must not be changed.</typeparam>
    /// <param name="purpose">Tells what is made of them; numbers alone do not.</param>
    /// <param name="numbers">All that it is made of.</param>
    /// <param name="bytes">About how much it takes.</param>
    /// <param name="make">Makes it; two threads may do so at once.</param>
    public T Recall<T>(string purpose, IEnumerable<double[]> numbers, long bytes, Func<T> make)
        where T : class
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in numbers)
        {
            hash.AppendData(MemoryMarshal.AsBytes<int>([part.Length]));
            hash.AppendData(MemoryMarshal.AsBytes<double>(part));
        }

        return Recall(KeyOf(purpose, hash), Overhead + bytes, make);
    }

    /// <inheritdoc />
    public void DecomposeSymmetric(ReadOnlyMatrixView<double> matrix, Span<double> values, MatrixView<double> vectors)
    {
        var hasVectors = vectors.Columns > 0;
        if (BytesOf(matrix.Rows, hasVectors) > limit)
        {
            backend.DecomposeSymmetric(matrix, values, vectors);
            return;
        }

        Take(Decomposition(matrix, hasVectors), values[..matrix.Rows], vectors);
    }

    /// <inheritdoc />
    public void DecomposeSymmetricTop(ReadOnlyMatrixView<double> matrix, Span<double> values, MatrixView<double> vectors, Random random)
    {
        // Where few pairs are wanted of a large matrix an iteration finds them, and others than those it does not.
        if (SubspaceWidth.IsIterated(matrix.Rows, vectors.Columns) || BytesOf(matrix.Rows, hasVectors: true) > limit)
        {
            backend.DecomposeSymmetricTop(matrix, values, vectors, random);
            return;
        }

        Take(Decomposition(matrix, hasVectors: true), values[..vectors.Columns], vectors);
    }

    /// <inheritdoc />
    public void Multiply(double alpha, ReadOnlyMatrixView<float> a, Transpose transposeA, ReadOnlyMatrixView<float> b, Transpose transposeB, double beta, MatrixView<float> c) =>
        backend.Multiply(alpha, a, transposeA, b, transposeB, beta, c);

    /// <inheritdoc />
    public void Multiply(double alpha, ReadOnlyMatrixView<double> a, Transpose transposeA, ReadOnlyMatrixView<double> b, Transpose transposeB, double beta, MatrixView<double> c) =>
        backend.Multiply(alpha, a, transposeA, b, transposeB, beta, c);

    /// <inheritdoc />
    public void AddGram(ReadOnlyMatrixView<float> rows, MatrixView<double> gram) => backend.AddGram(rows, gram);

    /// <inheritdoc />
    public void AddGram(ReadOnlyMatrixView<double> rows, MatrixView<double> gram) => backend.AddGram(rows, gram);

    /// <inheritdoc />
    public void SolveTriangular(Triangle triangle, Transpose transpose, ReadOnlyMatrixView<double> factor, MatrixView<double> rightSide) =>
        backend.SolveTriangular(triangle, transpose, factor, rightSide);

    /// <inheritdoc />
    public int FactorCholesky(MatrixView<double> matrix) => backend.FactorCholesky(matrix);

    /// <inheritdoc />
    public int FactorPivotedCholesky(
        ReadOnlyMatrixView<double> gram, int maxRank, double relativeTolerance, Span<int> pivots, Span<double> pivotValues, Span<double> residualTraces, MatrixView<double> factor) =>
        backend.FactorPivotedCholesky(gram, maxRank, relativeTolerance, pivots, pivotValues, residualTraces, factor);

    /// <inheritdoc />
    public void LargestShares(ReadOnlyMatrixView<double> matrix, Span<double> shares) => backend.LargestShares(matrix, shares);

    /// <inheritdoc />
    public void Locate(ReadOnlySpan<double> cumulated, ReadOnlySpan<double> points, Span<int> places) => backend.Locate(cumulated, points, places);

    /// <inheritdoc />
    public IDenseChain OpenChain(double work) => backend.OpenChain(work);

    private static long BytesOf(int size, bool hasVectors) => Overhead + (sizeof(double) * size * (hasVectors ? size + 1L : 1));

    private static void Take(SymmetricEigen from, Span<double> values, MatrixView<double> vectors)
    {
        from.Values.AsSpan(0, values.Length).CopyTo(values);
        for (var row = 0; row < vectors.Rows && vectors.Columns > 0; row++)
        {
            from.Vectors.Row(row)[..vectors.Columns].CopyTo(vectors.Row(row));
        }
    }

    private SymmetricEigen Decomposition(ReadOnlyMatrixView<double> matrix, bool hasVectors)
    {
        var key = KeyOf(hasVectors ? "vectors" : "values", matrix);
        if (Find(key) is SymmetricEigen known)
        {
            return known;
        }

        var made = hasVectors ? backend.SymmetricEigen(matrix) : new SymmetricEigen(backend.SymmetricValues(matrix), new Matrix<double>(matrix.Rows, 0));
        Keep(key, made, BytesOf(matrix.Rows, hasVectors));
        return made;
    }

    private static string KeyOf(string purpose, ReadOnlyMatrixView<double> matrix)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes<int>([matrix.Rows, matrix.Columns]));
        for (var row = 0; row < matrix.Rows; row++)
        {
            hash.AppendData(MemoryMarshal.AsBytes(matrix.Row(row)));
        }

        return KeyOf(purpose, hash);
    }

    private static string KeyOf(string purpose, IncrementalHash hash) =>
        string.Create(CultureInfo.InvariantCulture, $"{purpose} {Convert.ToHexString(hash.GetHashAndReset())}");

    private T Recall<T>(string key, long bytes, Func<T> make)
        where T : class
    {
        if (Find(key) is T known)
        {
            return known;
        }

        var made = make();
        Keep(key, made, bytes);
        return made;
    }

    private object? Find(string key)
    {
        lock (_gate)
        {
            if (!_kept.TryGetValue(key, out var node))
            {
                return null;
            }

            _byUse.Remove(node);
            _byUse.AddFirst(node);
            return node.Value.Result;
        }
    }

    private void Keep(string key, object result, long bytes)
    {
        lock (_gate)
        {
            if (bytes > limit || _kept.ContainsKey(key))
            {
                return;
            }

            _kept[key] = _byUse.AddFirst(new Kept(key, result, bytes));
            _bytes += bytes;
            while (_bytes > limit)
            {
                var last = _byUse.Last!.Value;
                _byUse.RemoveLast();
                _kept.Remove(last.Key);
                _bytes -= last.Bytes;
            }
        }
    }

    private sealed record Kept(string Key, object Result, long Bytes);
}
