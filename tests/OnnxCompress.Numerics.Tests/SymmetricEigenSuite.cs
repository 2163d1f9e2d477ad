using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

public abstract class SymmetricEigenSuite(IDenseBackend backend)
{
    private IDenseBackend Backend { get; } = backend;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(33)]
    [InlineData(64)]
    [InlineData(190)]
    public void Pairs_satisfy_the_definition(int size)
    {
        var matrix = Symmetric(size);
        var guarded = new NumericGuarded<double>(matrix);
        var vectors = new NumericGuarded<double>(size, size);
        var values = new double[size];

        Backend.DecomposeSymmetric(guarded.View, values, vectors.View);

        AssertPairs(matrix, values, vectors.View, 1);
        guarded.AssertUntouched();
        vectors.AssertPaddingUntouched();
    }

    [Fact]
    public void Values_agree_with_MathNet()
    {
        var matrix = Symmetric(80);

        var values = Backend.SymmetricEigen(matrix).Values;

        var oracle = Oracle.From(matrix).Evd(MathNet.Numerics.LinearAlgebra.Symmetricity.Symmetric).EigenValues.Select(value => value.Real).OrderDescending().ToArray();
        for (var index = 0; index < 80; index++)
        {
            NumericAssert.Within(oracle[index], values[index], 10 * 80 * NumericAssert.Eps, oracle[0], "Weyl: values move by at most the backward error");
        }
    }

    [Fact]
    public void Only_the_lower_triangle_is_read()
    {
        var matrix = Symmetric(40);
        var spoilt = matrix.Clone();
        for (var row = 0; row < 40; row++)
        {
            spoilt.Row(row)[(row + 1)..].Fill(double.NaN);
        }

        Assert.Equal(Backend.SymmetricEigen(matrix).Values, Backend.SymmetricEigen(spoilt).Values);
    }

    public static TheoryData<string, double[]> HardSpectra => new()
    {
        { "repeated", [.. Enumerable.Repeat(3.0, 20), .. Enumerable.Repeat(1.0, 30), .. Enumerable.Repeat(-2.0, 10)] },
        { "graded", Enumerable.Range(0, 60).Select(index => Math.Pow(10, -index / 3.0)).ToArray() },
        { "rank 5", [5, 4, 3, 2, 1, .. new double[55]] },
        { "all equal", Enumerable.Repeat(7.0, 60).ToArray() },
        { "plus and minus", [.. Enumerable.Repeat(1.0, 30), .. Enumerable.Repeat(-1.0, 30)] },
    };

    [Theory]
    [MemberData(nameof(HardSpectra))]
    public void Hard_spectra_are_resolved(string name, double[] spectrum)
    {
        Assert.NotEmpty(name);
        var matrix = Spectra.Symmetric(spectrum, 11);

        var eigen = Backend.SymmetricEigen(matrix);

        AssertPairs(matrix, eigen.Values, eigen.Vectors, 1);
        for (var index = 0; index < spectrum.Length; index++)
        {
            NumericAssert.Within(spectrum[index], eigen.Values[index], 100 * spectrum.Length * NumericAssert.Eps, spectrum.Max(Math.Abs), "backward error of building and of solving");
        }
    }

    [Fact]
    public void Diagonal_zero_and_tridiagonal_matrices_are_no_exception()
    {
        var diagonal = new Matrix<double>(20, 20);
        var tridiagonal = new Matrix<double>(20, 20);
        for (var index = 0; index < 20; index++)
        {
            diagonal[index, index] = (index * 7 % 20) - 5;
            tridiagonal[index, index] = 2;
            if (index > 0)
            {
                (tridiagonal[index, index - 1], tridiagonal[index - 1, index]) = (-1, -1);
            }
        }

        var zero = Backend.SymmetricEigen(new Matrix<double>(20, 20));
        var fromDiagonal = Backend.SymmetricEigen(diagonal);
        var fromTridiagonal = Backend.SymmetricEigen(tridiagonal);

        Assert.All(zero.Values, value => Assert.Equal(0, value));
        Assert.Equal(Enumerable.Range(-5, 20).Select(value => (double)value).Reverse(), fromDiagonal.Values);
        for (var index = 0; index < 20; index++)
        {
            NumericAssert.Within(2 - (2 * Math.Cos((20 - index) * Math.PI / 21)), fromTridiagonal.Values[index], 20 * NumericAssert.Eps, 4, "closed form of the second difference");
        }
    }

    [Fact]
    public void The_Hilbert_matrix_keeps_its_trace_and_vectors()
    {
        var hilbert = NumericMatrices.Hilbert(12);

        var eigen = Backend.SymmetricEigen(hilbert);

        AssertPairs(hilbert, eigen.Values, eigen.Vectors, 1);
        NumericAssert.Within(1.795372059561997, eigen.Values[0], 20 * NumericAssert.Eps, 1, "MathNet in 53 bits and tables agree on the largest value of order 12");
    }

    [Theory]
    [InlineData(1e-30)]
    [InlineData(1e30)]
    [InlineData(1e-250)]
    [InlineData(1e250)]
    public void Scale_does_not_matter(double scale)
    {
        var matrix = NumericMatrices.Scale(Symmetric(50), scale);

        var eigen = Backend.SymmetricEigen(matrix);

        AssertPairs(matrix, eigen.Values, eigen.Vectors, scale);
    }

    [Theory]
    [InlineData(300, 10)]
    [InlineData(300, 250)]
    [InlineData(520, 40)]
    [InlineData(40, 3)]
    [InlineData(300, 0)]
    public void The_top_pairs_are_those_of_the_full_decomposition(int size, int count)
    {
        var matrix = Spectra.Symmetric(Enumerable.Range(0, size).Select(index => 100.0 / (1 + index)).ToArray(), 3);
        var guarded = new NumericGuarded<double>(matrix);
        var vectors = new NumericGuarded<double>(size, count);
        var values = new double[count];

        Backend.DecomposeSymmetricTop(guarded.View, values, vectors.View, new Random(1));

        AssertPairs(matrix, values, vectors.View, 1);
        for (var index = 0; index < count; index++)
        {
            NumericAssert.Within(100.0 / (1 + index), values[index], 10 * size * NumericAssert.Eps, 100, "residual bound");
        }

        guarded.AssertUntouched();
        vectors.AssertPaddingUntouched();
    }

    [Fact]
    public void The_top_of_an_indefinite_matrix_is_the_algebraic_top()
    {
        var spectrum = Enumerable.Range(0, 300).Select(index => index < 20 ? 10.0 - (index * 0.2) : -50.0 * (index - 19) / 280).ToArray();
        var matrix = Spectra.Symmetric(spectrum, 3);

        var top = Backend.TopEigen(matrix, 12, new Random(1));

        AssertPairs(matrix, top.Values, top.Vectors, 1);
        for (var index = 0; index < 12; index++)
        {
            NumericAssert.Within(spectrum[index], top.Values[index], 3000 * NumericAssert.Eps, 50, "residual bound");
        }
    }

    [Theory]
    [InlineData(1e-30)]
    [InlineData(1e30)]
    [InlineData(1e-250)]
    public void A_low_rank_top_is_found_at_any_scale(double scale)
    {
        var spectrum = Enumerable.Range(0, 300).Select(index => index < 7 ? scale * (7 - index) : 0).ToArray();
        var matrix = Spectra.Symmetric(spectrum, 3);

        var top = Backend.TopEigen(matrix, 10, new Random(1));

        AssertPairs(matrix, top.Values, top.Vectors, scale);
        NumericAssert.Within(spectrum[6], top.Values[6], 3000 * NumericAssert.Eps, 7 * scale, "residual bound");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(300)]
    public void Values_alone_are_those_that_come_with_vectors(int size)
    {
        var matrix = Symmetric(size);

        Assert.Equal(Backend.SymmetricEigen(matrix).Values, Backend.SymmetricValues(matrix));
    }

    private static Matrix<double> Symmetric(int size)
    {
        var matrix = NumericMatrices.Uniform(size, size, 5);
        for (var row = 0; row < size; row++)
        {
            for (var column = 0; column < row; column++)
            {
                matrix[column, row] = matrix[row, column];
            }
        }

        return matrix;
    }

    private static void AssertPairs(Matrix<double> matrix, double[] values, ReadOnlyMatrixView<double> vectors, double scale)
    {
        var n = matrix.Rows;
        var tolerance = 10 * (n + 1) * NumericAssert.Eps;
        NumericAssert.OrthonormalColumns(vectors, tolerance, "n eps");
        // Divided by the scale first: the reference product would overflow or vanish at the ends of the range.
        var unit = NumericMatrices.Scale(matrix, 1 / scale);
        var unitValues = values.Select(value => value / scale).ToArray();
        NumericAssert.Within(NumericMatrices.Product(unit, vectors), NumericMatrices.ScaleColumns(vectors, unitValues), tolerance, NumericAssert.Norm(unit), "n eps ||A||");
        Assert.Equal(values.OrderDescending(), values);
    }
}
