using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

/// <summary>Shares by their definition, and places by linear search.</summary>
public abstract class CoresetSuite(IDenseBackend backend)
{
    private IDenseBackend Backend { get; } = backend;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 17)]
    [InlineData(40, 33)]
    public void A_share_is_the_largest_of_any_row(int rows, int columns)
    {
        var values = NumericMatrices.Uniform(rows, columns, 1);
        foreach (ref var value in values.Values)
        {
            value = Math.Abs(value);
        }

        values.Row(rows / 2).Clear(); // a row of nothing says nothing
        var matrix = new NumericGuarded<double>(values);
        var shares = new double[columns];
        Array.Fill(shares, double.NaN);

        Backend.LargestShares(matrix.View, shares);

        for (var column = 0; column < columns; column++)
        {
            var largest = Enumerable.Range(0, rows).Where(row => row != rows / 2)
                .Select(row => values[row, column] / Enumerable.Range(0, columns).Sum(other => values[row, other])).DefaultIfEmpty(0).Max();
            NumericAssert.Within(largest, shares[column], columns * NumericAssert.Eps, 1, "a sum over columns in another order");
        }

        matrix.AssertUntouched();
    }

    [Fact]
    public void A_point_lies_at_the_first_sum_above_it()
    {
        double[] cumulated = [0, 1, 1, 4, 8, 8];
        double[] points = [0, 0.5, 1, 3.999, 4, Math.BitDecrement(8)];
        var places = new int[points.Length];

        Backend.Locate(cumulated, points, places);

        Assert.Equal(points.Select(point => Array.FindIndex(cumulated, sum => sum > point)), places);
    }

    [Fact]
    public void One_place_takes_every_point_and_no_point_has_none()
    {
        var place = new int[1];

        Backend.Locate([3], [2], place);
        Backend.Locate([3], [], []);

        Assert.Equal(0, place[0]);
    }
}
