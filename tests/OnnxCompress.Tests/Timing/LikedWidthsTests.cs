using OnnxCompress.Timing;

namespace OnnxCompress.Tests.Timing;

public sealed class LikedWidthsTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(8, 8)]
    [InlineData(16, 16)]
    public void Whole_vectors_are_liked_where_parts_of_them_take_as_long(int vector, int liked)
    {
        double Blocks(int channels) => (channels + vector - 1) / vector * vector;
        var timer = new FakeTimer(n => Blocks(n.Inputs) * Blocks(n.Outputs));

        Assert.Equal(new LikedWidths(liked, liked), LikedWidths.Measure(timer, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Convolutions_and_products_are_measured_apart()
    {
        double Blocks(int channels) => (channels + 15) / 16 * 16;
        var timer = new FakeTimer(n => n.OpType == "Conv" ? Blocks(n.Inputs) * Blocks(n.Outputs) : n.Inputs * n.Outputs);

        Assert.Equal(new LikedWidths(16, 1), LikedWidths.Measure(timer, TestContext.Current.CancellationToken));
    }
}
