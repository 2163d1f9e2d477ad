namespace OnnxCompress.Numerics.Tests;

public sealed class MatrixTests
{
    [Fact]
    public void A_window_of_a_window_names_the_same_memory()
    {
        var matrix = new Matrix<double>(6, 7);

        var inner = matrix.View.Window(1, 2, 4, 4).Window(2, 1, 2, 3);
        inner[1, 2] = 5;

        Assert.Equal(5, matrix[4, 5]);
        Assert.Equal(7, inner.Stride);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 5)]
    [InlineData(33, 65)]
    public void Transposing_twice_gives_the_matrix_back(int rows, int columns)
    {
        var matrix = OnnxCompress.Testing.NumericMatrices.Uniform(rows, columns, 1);

        var twice = matrix.Transpose().Transpose();

        Assert.Equal((rows, columns), (twice.Rows, twice.Columns));
        Assert.True(matrix.Values.SequenceEqual(twice.Values));
    }

    [Fact]
    public void A_span_that_is_too_short_is_refused_with_both_numbers()
    {
        var refused = Assert.Throws<ArgumentException>(() => new MatrixView<float>(new float[11], 3, 4).Rows);

        Assert.Contains("12", refused.Message, StringComparison.Ordinal);
        Assert.Contains("11", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_row_needs_no_padding()
    {
        var view = new MatrixView<double>(new double[9], 2, 4, 5);

        Assert.Equal(4, view.Row(1).Length);
    }

    [Fact]
    public void An_index_outside_is_refused()
    {
        var matrix = new Matrix<double>(2, 3);

        Assert.Throws<ArgumentOutOfRangeException>(() => matrix[0, 3]);
        Assert.Throws<IndexOutOfRangeException>(() => matrix[2, 0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => matrix.View[2, 0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => matrix.View.Window(1, 0, 2, 1).Rows);
    }

    [Fact]
    public void Sizes_past_two_to_the_31_overflow_loudly()
    {
        Assert.Throws<OverflowException>(() => new Matrix<double>(1 << 16, 1 << 16));
    }
}
