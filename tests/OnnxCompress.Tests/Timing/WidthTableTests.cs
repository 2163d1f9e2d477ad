using OnnxCompress.Timing;

namespace OnnxCompress.Tests.Timing;

/// <summary>Which widths the table likes.</summary>
public sealed class WidthTableTests
{
    [Theory]
    [InlineData(8, 1, 1)]
    [InlineData(8, 2, 2)]
    [InlineData(8, 3, 4)]
    [InlineData(8, 5, 8)]
    [InlineData(8, 8, 8)]
    [InlineData(8, 9, 16)]
    [InlineData(8, 17, 24)]
    [InlineData(16, 3, 4)]
    [InlineData(16, 9, 16)]
    [InlineData(16, 17, 32)]
    [InlineData(16, 33, 48)]
    public void Channels_of_convolutions_fill_vectors_and_below_one_powers_of_two(int vector, int wanted, int liked)
    {
        var alignment = new WidthAlignment(null) { VectorWidth = vector };

        Assert.Equal(liked, alignment.Next(wanted, 64, isConvolved: true));
        Assert.True(alignment.Likes(liked, 64, isConvolved: true));
        Assert.Equal(wanted == liked, alignment.Likes(wanted, 64, isConvolved: true));
    }

    [Fact]
    public void All_that_do_something_are_held_to_the_blocked_layout_and_not_to_a_whole_vector()
    {
        var alignment = new WidthAlignment(null) { VectorWidth = 16 };

        Assert.Equal([16, 20, 20, 32], ((int[])[16, 17, 20, 21]).Select(count => alignment.Next(count, 18, isConvolved: true)));
    }

    [Fact]
    public void A_multiple_that_is_asked_for_or_was_measured_counts_before_the_table()
    {
        Assert.Equal(12, new WidthAlignment(6) { VectorWidth = 16 }.Next(7, 64, isConvolved: true));
        Assert.Equal(12, new WidthAlignment(null, new LikedWidths(4, 2)).Next(9, 64, isConvolved: true));
        Assert.Equal(10, new WidthAlignment(null, new LikedWidths(4, 2)).Next(9, 64, isConvolved: false));
    }

    [Fact]
    public void Below_a_measured_multiple_powers_of_two_remain_and_below_one_that_is_asked_for_nothing()
    {
        Assert.Equal([1, 2, 4, 8, 16, 32], ((int[])[1, 2, 3, 7, 9, 17]).Select(count => new WidthAlignment(null, new LikedWidths(16, 4)).Next(count, 64, isConvolved: true)));
        Assert.Equal([16, 16, 32], ((int[])[2, 9, 17]).Select(count => new WidthAlignment(16).Next(count, 64, isConvolved: true)));
    }

    [Theory]
    [InlineData(64, 5, 8)]
    [InlineData(16, 5, 6)]
    [InlineData(8, 5, 5)]
    public void Matrix_products_have_quarters_of_vectors_and_narrow_ones_eight_choices(int channels, int wanted, int liked) =>
        Assert.Equal(liked, new WidthAlignment(null).Next(wanted, channels, isConvolved: false));
}
