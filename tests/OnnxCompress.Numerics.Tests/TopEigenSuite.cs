using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

/// <summary>Few leading pairs, where a device iterates on a subspace.</summary>
public abstract class TopEigenSuite(IDenseBackend backend)
{
    private IDenseBackend Backend { get; } = backend;

    [Theory]
    [InlineData(120, 4)]
    [InlineData(130, 1)]
    public void Leading_pairs_of_a_decaying_spectrum_are_exact(int size, int count)
    {
        var spectrum = Enumerable.Range(0, size).Select(index => Math.Pow(0.7, index)).ToArray();
        var matrix = new NumericGuarded<double>(Spectra.Symmetric(spectrum, 4));
        var (values, vectors) = (new double[count], new NumericGuarded<double>(size, count));

        Backend.DecomposeSymmetricTop(matrix.View, values, vectors.View, new Random(1));

        NumericAssert.OrthonormalColumns(vectors.View, 10 * size * NumericAssert.Eps, "n eps");
        NumericAssert.Within(
            NumericMatrices.Product(matrix.View, vectors.View), NumericMatrices.ScaleColumns(vectors.View, values), 10 * size * NumericAssert.Eps, 1, "n eps ||A||");
        Assert.All(Enumerable.Range(0, count), index => NumericAssert.Within(spectrum[index], values[index], 10 * size * NumericAssert.Eps, 1, "residual bound"));
        matrix.AssertUntouched();
        vectors.AssertPaddingUntouched();
    }

    [Fact]
    public void A_flat_spectrum_that_no_iteration_separates_is_decomposed()
    {
        var spectrum = Enumerable.Repeat(3.0, 110).ToArray();
        var matrix = Spectra.Symmetric(spectrum, 4);

        var top = Backend.TopEigen(matrix, 2, new Random(1));

        Assert.All(top.Values, value => NumericAssert.Within(3, value, 1100 * NumericAssert.Eps, 3, "n eps ||A||"));
        NumericAssert.OrthonormalColumns(top.Vectors, 1100 * NumericAssert.Eps, "n eps");
    }
}
