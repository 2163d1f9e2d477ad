using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

public abstract class InverseDowndateSuite(IDenseBackend backend)
{
    private IDenseBackend Backend { get; } = backend;

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(17, 16)]
    [InlineData(40, 11)]
    public void What_remains_is_the_inverse_of_what_remains(int size, int variable)
    {
        var matrix = CholeskySuite.PositiveDefinite(size);
        var inverse = new NumericGuarded<double>(Backend.InvertPositiveDefinite(matrix));

        InverseDowndate.RemoveVariable(inverse.View, variable);

        var kept = Enumerable.Range(0, size).Where(index => index != variable).ToArray();
        var product = NumericMatrices.Product(Pick(matrix, kept), Pick(inverse.View, kept));
        NumericAssert.Within(Matrix<double>.Identity(size - 1), product, 100 * (size + 1) * NumericAssert.Eps, Math.Sqrt(size), "n eps times a condition number near 100");
        Assert.All(Enumerable.Range(0, size), index => Assert.True(inverse.View[index, variable] == 0 && inverse.View[variable, index] == 0));
        inverse.AssertPaddingUntouched();
    }

    [Fact]
    public void Many_steps_stay_near_a_fresh_inverse()
    {
        var matrix = CholeskySuite.PositiveDefinite(60);
        var inverse = Backend.InvertPositiveDefinite(matrix);

        for (var variable = 0; variable < 50; variable++)
        {
            InverseDowndate.RemoveVariable(inverse, variable);
        }

        var kept = Enumerable.Range(50, 10).ToArray();
        NumericAssert.RelativeFrobenius(Backend.InvertPositiveDefinite(Pick(matrix, kept)), Pick(inverse, kept), 60 * 100 * NumericAssert.Eps, "50 steps on a condition number near 100");
    }

    [Fact]
    public void A_variable_that_is_gone_is_refused()
    {
        var inverse = Matrix<double>.Identity(4);
        InverseDowndate.RemoveVariable(inverse, 2);

        var refused = Assert.Throws<NumericException>(() => InverseDowndate.RemoveVariable(inverse, 2));

        Assert.Equal(NumericFailure.NotPositiveDefinite, refused.Failure);
    }

    private static Matrix<double> Pick(ReadOnlyMatrixView<double> matrix, int[] indices)
    {
        var picked = new Matrix<double>(indices.Length, indices.Length);
        for (var row = 0; row < indices.Length; row++)
        {
            for (var column = 0; column < indices.Length; column++)
            {
                picked[row, column] = matrix[indices[row], indices[column]];
            }
        }

        return picked;
    }
}
