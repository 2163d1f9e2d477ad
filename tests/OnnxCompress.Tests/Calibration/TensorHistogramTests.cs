using OnnxCompress.Calibration;
using OnnxCompress.Precision;

namespace OnnxCompress.Tests.Calibration;

/// <summary>Parts add up to the whole, and what cannot be counted is left out and told.</summary>
public sealed class TensorHistogramTests
{
    [Fact]
    public void Parts_add_up_to_the_whole_and_choose_the_same_range()
    {
        var values = Values(5000);
        var whole = Of(values);
        var merged = Of(values[..1234]);

        merged.Add(Of(values[1234..]));

        Assert.Equal(whole.Bins(), merged.Bins());
        Assert.Equal((whole.Count, whole.Zeros, whole.Least, whole.Greatest), (merged.Count, merged.Zeros, merged.Least, merged.Greatest));
        Assert.Equal(RangeSearch.Best(whole), RangeSearch.Best(merged));
    }

    [Fact]
    public void A_part_without_values_changes_nothing()
    {
        var whole = Of([1, 2, 3]);

        whole.Add(new TensorHistogram());

        Assert.Equal((3, 1f, 3f), (whole.Count, whole.Least, whole.Greatest));
    }

    [Fact]
    public void Every_value_lies_in_its_bin()
    {
        foreach (var value in (float[])[0, -0f, 1, -1, 1.0624f, -3e38f, float.MaxValue, float.Epsilon, 1e-20f])
        {
            var (low, high, count) = Assert.Single(Of([value]).Bins());

            Assert.Equal(1, count);
            Assert.InRange(value, low, high);
        }
    }

    [Fact]
    public void Values_that_are_not_finite_are_counted_apart()
    {
        var histogram = Of([1, float.NaN, float.PositiveInfinity, -2, float.NegativeInfinity]);

        Assert.Equal((2, 3, -2f, 1f), (histogram.Count, histogram.NonFinite, histogram.Least, histogram.Greatest));
        Assert.True(RangeSearch.Best(histogram).Scale > 0);
    }

    [Fact]
    public void No_range_has_a_smaller_expected_error_than_the_one_that_is_chosen()
    {
        var histogram = Of(Values(20_000));
        var best = RangeSearch.Error(histogram, RangeSearch.Best(histogram));

        Assert.True(best <= RangeSearch.Error(histogram, RangeSearch.Whole(histogram)));
        for (var share = 1.0; share > 0.2; share *= 0.97)
        {
            Assert.True(best <= RangeSearch.Error(histogram, ByteScale.Of(share * histogram.Least, share * histogram.Greatest)) * (1 + 1e-12));
        }
    }

    [Fact]
    public void The_expected_error_is_that_of_the_values()
    {
        var values = Values(20_000);
        var scale = RangeSearch.Best(Of(values));
        var actual = values.Sum(v => Math.Pow((double)v - scale.Round(v), 2));

        // Values are taken as spread evenly over bins of 1/16 to 1/31 of their size.
        Assert.InRange(RangeSearch.Error(Of(values), scale), 0.9 * actual, 1.1 * actual);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(3.5f)]
    [InlineData(-3.5f)]
    public void A_constant_tensor_has_a_range(float value)
    {
        var scale = RangeSearch.Best(Of([value, value, value]));

        Assert.InRange(scale.Round(value), value - 1e-6f, value + 1e-6f);
    }

    private static TensorHistogram Of(float[] values)
    {
        var histogram = new TensorHistogram();
        histogram.Add(values);
        return histogram;
    }

    /// <summary>Mostly small values of both signs, zeros, and a few that are twenty times as large.</summary>
    private static float[] Values(int count)
    {
        var random = new Random(3);
        return [.. Enumerable.Range(0, count).Select(i => i % 10 == 0 ? 0 : (float)((random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.4) * (i % 997 == 1 ? 20 : 1)))];
    }
}
