using OnnxCompress.Forms;
using OnnxCompress.Timing;

namespace OnnxCompress.Tests.Timing;

/// <summary>The table of times against what was measured in ONNX Runtime 1.31 on a processor with vectors of eight.</summary>
public sealed class VectorTimesTests
{
    /// <summary>The table leaves out how much of a layer stays in which cache.</summary>
    private const double Tolerance = 0.11;

    /// <summary>Wider vectors make starting a node a larger part of a small layer than the table says.</summary>
    private const double Coarse = 0.17;

    [Theory]
    [InlineData(16, 32, 8, 0.48)]
    [InlineData(16, 32, 16, 0.68)]
    [InlineData(32, 16, 8, 0.22)]
    [InlineData(32, 16, 16, 0.42)]
    [InlineData(32, 16, 24, 0.56)]
    [InlineData(32, 16, 32, 0.75)]
    [InlineData(64, 8, 32, 0.38)]
    [InlineData(64, 8, 48, 0.57)]
    [InlineData(64, 8, 64, 0.74)]
    public void Columns_and_rows_take_about_what_was_measured(int channels, int space, int rank, double measured) =>
        Assert.InRange(Share(Convolution(channels, channels, space, 3), SplitForm.Spatial, rank), measured - Tolerance, measured + Tolerance);

    [Theory]
    [InlineData(16, 32, 8, 0.83)]
    [InlineData(16, 32, 16, 0.80)]
    [InlineData(32, 16, 16, 0.58)]
    [InlineData(32, 16, 32, 0.80)]
    [InlineData(64, 8, 32, 0.62)]
    [InlineData(64, 8, 48, 0.77)]
    [InlineData(64, 56, 32, 0.47)]
    [InlineData(64, 56, 48, 0.61)]
    [InlineData(64, 56, 64, 0.77)]
    [InlineData(256, 14, 128, 0.41)]
    [InlineData(256, 14, 192, 0.57)]
    [InlineData(256, 14, 256, 0.72)]
    public void With_vectors_of_sixteen_they_take_about_what_was_measured_there(int channels, int space, int rank, double measured) =>
        Assert.InRange(Share(Convolution(channels, channels, space, 3), SplitForm.Spatial, rank, vector: 16), measured - Coarse, measured + Coarse);

    [Theory]
    [InlineData(48, 128, 128, 24, 0.53)]
    [InlineData(48, 128, 512, 48, 0.54)]
    [InlineData(48, 512, 128, 64, 0.67)]
    [InlineData(1, 1024, 1024, 256, 0.47)]
    public void Matrix_products_too(int rows, int inputs, int outputs, int rank, double measured) =>
        Assert.InRange(Share(new TimedNode("MatMul", inputs, outputs) { Space = [rows] }, SplitForm.Response, rank), measured - Tolerance, measured + Tolerance);

    [Theory]
    [InlineData(128, 16, 55, 12, false)]
    [InlineData(128, 16, 55, 8, false)]
    [InlineData(64, 64, 56, 16, true)]
    [InlineData(64, 64, 56, 24, true)]
    public void A_pointwise_layer_with_few_outputs_is_not_faster_in_two(int inputs, int outputs, int space, int rank, bool isFaster)
    {
        var whole = Convolution(inputs, outputs, space, 1);

        Assert.Equal(isFaster, VectorTimes.IsFaster(whole, TimedChains.Of(whole, new SplitShape(SplitForm.Response, rank)), vector: 8));
    }

    [Fact]
    public void Of_groups_the_table_says_nothing()
    {
        var whole = Convolution(64, 64, 16, 3);

        Assert.True(VectorTimes.IsFaster(whole, TimedChains.Of(whole, new SplitShape(SplitForm.Alds, 60, 2)), vector: 8));
    }

    private static double Share(TimedNode whole, SplitForm form, int rank, int vector = 8) =>
        VectorTimes.Of(TimedChains.Of(whole, new SplitShape(form, rank)), vector) / VectorTimes.Of(new TimedChain(whole), vector);

    private static TimedNode Convolution(int inputs, int outputs, int space, int kernel) => new("Conv", inputs, outputs)
    {
        Space = [space, space], Kernel = [kernel, kernel], Strides = [1, 1], Dilations = [1, 1], Pads = kernel == 3 ? [1, 1, 1, 1] : [0, 0, 0, 0],
    };
}
