using OnnxCompress.Numerics;

namespace OnnxCompress.Tests.Testing;

/// <summary>A backend that counts what it is asked for, and what goes into and out of its chains.</summary>
internal sealed class CountingBackend : IDenseBackend
{
    private readonly CpuBackend _cpu = new(1);
    private readonly Dictionary<string, int> _calls = new(StringComparer.Ordinal);

    public string Name => "counting";

    public int Threads => 1;

    /// <summary>Multiply-adds of products, Grams, factorisations and solves.</summary>
    public double Work { get; private set; }

    /// <summary>Matrices put into chains.</summary>
    public int Puts { get; private set; }

    /// <summary>Matrices read from chains.</summary>
    public int Reads { get; private set; }

    public int Calls(string operation) => _calls.GetValueOrDefault(operation);

    public void Multiply(double alpha, ReadOnlyMatrixView<float> a, Transpose transposeA, ReadOnlyMatrixView<float> b, Transpose transposeB, double beta, MatrixView<float> c)
    {
        Count(nameof(Multiply), c.Rows, c.Columns, transposeA == Transpose.No ? a.Columns : a.Rows);
        _cpu.Multiply(alpha, a, transposeA, b, transposeB, beta, c);
    }

    public void Multiply(double alpha, ReadOnlyMatrixView<double> a, Transpose transposeA, ReadOnlyMatrixView<double> b, Transpose transposeB, double beta, MatrixView<double> c)
    {
        Count(nameof(Multiply), c.Rows, c.Columns, transposeA == Transpose.No ? a.Columns : a.Rows);
        _cpu.Multiply(alpha, a, transposeA, b, transposeB, beta, c);
    }

    public void AddGram(ReadOnlyMatrixView<float> rows, MatrixView<double> gram)
    {
        Count(nameof(AddGram), rows.Columns, rows.Columns, rows.Rows);
        _cpu.AddGram(rows, gram);
    }

    public void AddGram(ReadOnlyMatrixView<double> rows, MatrixView<double> gram)
    {
        Count(nameof(AddGram), rows.Columns, rows.Columns, rows.Rows);
        _cpu.AddGram(rows, gram);
    }

    public void SolveTriangular(Triangle triangle, Transpose transpose, ReadOnlyMatrixView<double> factor, MatrixView<double> rightSide)
    {
        Count(nameof(SolveTriangular), factor.Rows, factor.Rows, rightSide.Columns / 2.0);
        _cpu.SolveTriangular(triangle, transpose, factor, rightSide);
    }

    public int FactorCholesky(MatrixView<double> matrix)
    {
        Count(nameof(FactorCholesky), matrix.Rows, matrix.Rows, matrix.Rows / 6.0);
        return _cpu.FactorCholesky(matrix);
    }

    public int FactorPivotedCholesky(
        ReadOnlyMatrixView<double> gram, int maxRank, double relativeTolerance, Span<int> pivots, Span<double> pivotValues, Span<double> residualTraces, MatrixView<double> factor)
    {
        Count(nameof(FactorPivotedCholesky), gram.Rows, gram.Rows, factor.Rows / 2.0);
        return _cpu.FactorPivotedCholesky(gram, maxRank, relativeTolerance, pivots, pivotValues, residualTraces, factor);
    }

    public void DecomposeSymmetric(ReadOnlyMatrixView<double> matrix, Span<double> values, MatrixView<double> vectors)
    {
        Count(vectors.Columns == 0 ? "Values" : nameof(DecomposeSymmetric), 0, 0, 0);
        _cpu.DecomposeSymmetric(matrix, values, vectors);
    }

    public void DecomposeSymmetricTop(ReadOnlyMatrixView<double> matrix, Span<double> values, MatrixView<double> vectors, Random random)
    {
        Count(nameof(DecomposeSymmetricTop), 0, 0, 0);
        _cpu.DecomposeSymmetricTop(matrix, values, vectors, random);
    }

    public void LargestShares(ReadOnlyMatrixView<double> matrix, Span<double> shares)
    {
        Count(nameof(LargestShares), matrix.Rows, matrix.Columns, 1);
        _cpu.LargestShares(matrix, shares);
    }

    public void Locate(ReadOnlySpan<double> cumulated, ReadOnlySpan<double> points, Span<int> places)
    {
        Count(nameof(Locate), points.Length, 1, 1);
        _cpu.Locate(cumulated, points, places);
    }

    public IDenseChain OpenChain(double work) => new Chain(this);

    private void Count(string operation, double rows, double columns, double depth)
    {
        _calls[operation] = Calls(operation) + 1;
        Work += rows * columns * depth;
    }

    private sealed class Chain(CountingBackend counts) : IDenseChain
    {
        private readonly HostChain _inner = new(counts);

        public IDenseOperand Put(Matrix<double> matrix)
        {
            counts.Puts++;
            return _inner.Put(matrix);
        }

        public void Read(IDenseOperand operand, MatrixView<double> destination)
        {
            counts.Reads++;
            _inner.Read(operand, destination);
        }

        public IDenseOperand Copy(IDenseOperand source, double shift = 0) => _inner.Copy(source, shift);

        public IDenseOperand Part(IDenseOperand source, ReadOnlySpan<int> indices) => _inner.Part(source, indices);

        public IDenseOperand Product(IDenseOperand a, Transpose transposeA, IDenseOperand b, Transpose transposeB) => _inner.Product(a, transposeA, b, transposeB);

        public void Multiply(double alpha, IDenseOperand a, Transpose transposeA, IDenseOperand b, Transpose transposeB, double beta, IDenseOperand c) =>
            _inner.Multiply(alpha, a, transposeA, b, transposeB, beta, c);

        public void AddScaled(double factor, IDenseOperand x, IDenseOperand y) => _inner.AddScaled(factor, x, y);

        public int FactorCholesky(IDenseOperand matrix) => _inner.FactorCholesky(matrix);

        public void SolveCholesky(IDenseOperand factor, IDenseOperand rightSide) => _inner.SolveCholesky(factor, rightSide);

        public double Dot(IDenseOperand a, IDenseOperand b) => _inner.Dot(a, b);

        public void ReadRow(IDenseOperand operand, int row, Span<double> destination) => _inner.ReadRow(operand, row, destination);

        public void ReadColumn(IDenseOperand operand, int column, Span<double> destination) => _inner.ReadColumn(operand, column, destination);

        public void Dispose() => _inner.Dispose();
    }
}
