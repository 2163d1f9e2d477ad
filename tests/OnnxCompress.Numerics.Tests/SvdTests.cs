using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

public sealed class SvdTests
{
    private static CpuBackend Backend { get; } = new(2);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 8)]
    [InlineData(8, 1)]
    [InlineData(2, 2)]
    [InlineData(17, 16)]
    [InlineData(33, 40)]
    [InlineData(64, 64)]
    [InlineData(200, 60)]
    [InlineData(60, 200)]
    [InlineData(110, 100)]
    [InlineData(0, 5)]
    [InlineData(5, 0)]
    public void The_factors_reconstruct_the_matrix(int m, int n)
    {
        var matrix = NumericMatrices.Uniform(m, n, 1);
        var count = Math.Min(m, n);
        var guarded = new NumericGuarded<double>(matrix);
        var (left, right, values) = (new NumericGuarded<double>(m, count), new NumericGuarded<double>(count, n), new double[count]);

        Backend.DecomposeSingular(guarded.View, left.View, values, right.View);

        AssertReconstructs(matrix, left.View, values, right.View, 1);
        guarded.AssertUntouched();
        left.AssertPaddingUntouched();
        right.AssertPaddingUntouched();
    }

    [Fact]
    public void Values_agree_with_MathNet()
    {
        var matrix = NumericMatrices.Uniform(70, 50, 1);

        var values = Backend.ThinSvd(matrix).Values;

        var oracle = Oracle.From(matrix).Svd(computeVectors: false).S;
        for (var index = 0; index < 50; index++)
        {
            NumericAssert.Within(oracle[index], values[index], 10 * 70 * NumericAssert.Eps, oracle[0], "values move by at most the backward error");
        }
    }

    [Fact]
    public void The_truncation_error_is_the_tail_of_the_spectrum()
    {
        var matrix = NumericMatrices.Uniform(60, 45, 1);

        var svd = Backend.ThinSvd(matrix);

        var scales = svd.Values.Select((value, index) => index < 20 ? value : 0).ToArray();
        var difference = NumericMatrices.Product(NumericMatrices.ScaleColumns(svd.Left, scales), svd.RightTransposed);
        for (var index = 0; index < difference.Values.Length; index++)
        {
            difference.Values[index] -= matrix.Values[index];
        }

        NumericAssert.Within(Math.Sqrt(svd.Values[20..].Sum(value => value * value)), NumericAssert.Norm(difference), 1000 * NumericAssert.Eps, svd.Values[0], "Eckart, Young");
    }

    public static TheoryData<string, double[]> HardSpectra => new()
    {
        { "repeated", [.. Enumerable.Repeat(3.0, 15), .. Enumerable.Repeat(1.0, 25)] },
        { "graded", Enumerable.Range(0, 40).Select(index => Math.Pow(10, -index / 2.0)).ToArray() },
        { "rank 5", [5, 4, 3, 2, 1, .. new double[35]] },
        { "all equal", Enumerable.Repeat(7.0, 40).ToArray() },
        { "zero", new double[40] },
    };

    [Theory]
    [MemberData(nameof(HardSpectra))]
    public void Hard_spectra_are_resolved(string name, double[] spectrum)
    {
        Assert.NotEmpty(name);
        foreach (var (m, n) in new[] { (40, 40), (90, 40), (40, 70) })
        {
            var matrix = Spectra.General(m, n, spectrum, 21);

            var svd = Backend.ThinSvd(matrix);

            AssertReconstructs(matrix, svd.Left, svd.Values, svd.RightTransposed, 1);
            for (var index = 0; index < 40; index++)
            {
                NumericAssert.Within(spectrum[index], svd.Values[index], 1000 * NumericAssert.Eps, spectrum[0], "backward error of building and of solving");
            }
        }
    }

    [Fact]
    public void Bidiagonal_input_that_is_graded_either_way_keeps_small_values_relatively()
    {
        // Values of diag(10^-i) are its entries: an iteration that chases the bulge the wrong way loses them.
        var (down, up) = (new Matrix<double>(12, 12), new Matrix<double>(12, 12));
        for (var index = 0; index < 12; index++)
        {
            down[index, index] = Math.Pow(10, -index);
            up[index, index] = Math.Pow(10, index - 11);
        }

        var (fromDown, fromUp) = (Backend.ThinSvd(down), Backend.ThinSvd(up));

        for (var index = 0; index < 12; index++)
        {
            NumericAssert.Within(Math.Pow(10, -index), fromDown.Values[index], 100 * NumericAssert.Eps, Math.Pow(10, -index), "Demmel and Kahan 1990: relative");
            NumericAssert.Within(Math.Pow(10, -index), fromUp.Values[index], 100 * NumericAssert.Eps, Math.Pow(10, -index), "Demmel and Kahan 1990: relative");
        }
    }

    [Fact]
    public void The_Hilbert_matrix_is_reconstructed()
    {
        var hilbert = NumericMatrices.Hilbert(15);

        var svd = Backend.ThinSvd(hilbert);

        AssertReconstructs(hilbert, svd.Left, svd.Values, svd.RightTransposed, 1);
    }

    [Theory]
    [InlineData(1e-30)]
    [InlineData(1e30)]
    [InlineData(1e-250)]
    [InlineData(1e250)]
    public void Scale_does_not_matter(double scale)
    {
        var matrix = NumericMatrices.Scale(NumericMatrices.Uniform(70, 40, 1), scale);

        var svd = Backend.ThinSvd(matrix);

        AssertReconstructs(matrix, svd.Left, svd.Values, svd.RightTransposed, scale);
    }

    private static void AssertReconstructs(Matrix<double> matrix, ReadOnlyMatrixView<double> left, double[] values, ReadOnlyMatrixView<double> right, double scale)
    {
        var tolerance = 10 * (matrix.Rows + matrix.Columns) * NumericAssert.Eps;
        NumericAssert.OrthonormalColumns(left, tolerance, "n eps");
        NumericAssert.OrthonormalColumns(right.ToMatrix().Transpose(), tolerance, "n eps");
        var unit = NumericMatrices.Scale(matrix, 1 / scale);
        var unitValues = values.Select(value => value / scale).ToArray();
        NumericAssert.Within(unit, NumericMatrices.Product(NumericMatrices.ScaleColumns(left, unitValues), right), tolerance, NumericAssert.Norm(unit), "n eps ||A||");
        Assert.Equal(values.OrderDescending(), values);
        Assert.All(values, value => Assert.True(value >= 0));
    }
}
