using OnnxCompress.Samples;
using OnnxCompress.Samples.Images;
using OnnxCompress.Testing;

namespace OnnxCompress.Tests.Samples.Pictures;

public sealed class ResizeTests
{
    /// <summary>What Pillow 9.4 makes of the picture <see cref="Pattern"/>, shrunk to 3 x 4 and grown to 8 x 11.</summary>
    public static TheoryData<ResizeFilter, int, int, byte[]> Pillow() => new()
    {
        { ResizeFilter.Bilinear, 3, 4, [100, 123, 135, 105, 134, 161, 132, 126, 123, 132, 110, 125] },
        { ResizeFilter.Bicubic, 3, 4, [95, 123, 140, 99, 139, 165, 134, 130, 120, 133, 106, 124] },
        { ResizeFilter.Lanczos, 3, 4, [92, 123, 143, 96, 142, 168, 136, 132, 118, 132, 103, 124] },
        {
            ResizeFilter.Bilinear, 8, 11,
            [
                0, 27, 98, 122, 78, 80, 143, 90, 38, 33, 64, 74, 108, 74, 89, 185, 196, 98, 148, 180, 126, 14, 154, 196, 145, 101, 125, 145, 161, 162,
                157, 148, 137, 89, 140, 177, 178, 161, 190, 163, 111, 86, 108, 164, 57, 116, 162, 172, 165, 204, 93, 102, 128, 128, 110, 136, 146, 144,
                135, 122, 105, 69, 143, 200, 171, 57, 168, 93, 136, 194, 167, 54, 133, 127, 129, 123, 52, 34, 118, 112, 85, 104, 170, 87, 52, 63, 122, 210,
            ]
        },
        {
            ResizeFilter.Bicubic, 8, 11,
            [
                0, 17, 107, 134, 68, 76, 155, 90, 23, 25, 68, 70, 114, 57, 72, 209, 208, 74, 150, 211, 134, 0, 170, 228, 149, 78, 115, 135, 170, 174,
                166, 157, 149, 82, 135, 193, 195, 161, 194, 180, 100, 55, 97, 181, 35, 107, 171, 179, 169, 221, 74, 88, 128, 127, 110, 144, 158, 146,
                124, 112, 96, 47, 152, 240, 189, 41, 184, 72, 131, 224, 180, 42, 148, 131, 129, 124, 37, 24, 127, 118, 71, 100, 174, 83, 40, 51, 122, 221,
            ]
        },
        {
            ResizeFilter.Lanczos, 8, 11,
            [
                0, 9, 117, 141, 57, 73, 160, 98, 7, 29, 72, 58, 109, 50, 71, 222, 210, 69, 133, 221, 118, 0, 181, 250, 147, 54, 118, 133, 164, 185,
                186, 168, 146, 85, 122, 211, 209, 154, 188, 203, 100, 20, 95, 196, 16, 98, 179, 166, 178, 239, 63, 69, 132, 124, 107, 162, 167, 145,
                118, 109, 79, 44, 155, 255, 185, 26, 183, 68, 119, 239, 173, 47, 149, 129, 120, 119, 42, 19, 127, 128, 55, 103, 177, 86, 35, 43, 130, 224,
            ]
        },
    };

    private static byte[] Pattern => PngBytes.Of(9, 7, 0, 8, [.. Enumerable.Range(0, 63).Select(i => ((37 * (i % 9) * (i % 9)) + (91 * (i / 9)) + (13 * (i % 9) * (i / 9))) % 256)]);

    [Theory]
    [MemberData(nameof(Pillow))]
    public void Filters_are_those_that_people_train_with(ResizeFilter filter, int height, int width, byte[] expected)
    {
        var resized = Resized(Pattern, filter, height, width);

        // Weights of 22 bits there and of floats here round one unit apart at most.
        Assert.All(expected.Index(), e => Assert.InRange(resized[e.Index], e.Item - 1, e.Item + 1));
    }

    [Theory]
    [InlineData(ResizeFilter.Bilinear)]
    [InlineData(ResizeFilter.Bicubic)]
    [InlineData(ResizeFilter.Lanczos)]
    public void A_constant_stays_constant(ResizeFilter filter)
    {
        var flat = PngBytes.Of(7, 5, 0, 8, [.. Enumerable.Repeat(77, 35)]);

        Assert.All(Resized(flat, filter, 11, 3), value => Assert.Equal(77, value));
    }

    [Fact]
    public void Every_pixel_counts_when_a_picture_shrinks()
    {
        // Lines of one pixel vanish or fill the picture when a filter skips pixels; their mean is grey.
        var lines = PngBytes.Of(64, 8, 0, 8, [.. Enumerable.Range(0, 512).Select(i => i % 2 * 254)]);

        // At the border the filter is cut off, so that its halves no longer weigh the same.
        Assert.All(Resized(lines, ResizeFilter.Bilinear, 8, 8), value => Assert.InRange(value, 127 - 6, 127 + 6));
    }

    [Fact]
    public void A_narrow_picture_that_would_become_too_long_is_refused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("narrow.png", PngBytes.Of(1, 300_000, 0, 8, new int[300_000]));

        // 16,384 columns and 4.9 billion rows: past 2^31.
        var refused = Assert.Throws<OnnxCompress.Diagnostics.OnnxCompressException>(
            () => new ImageArray([path], null, Preprocessing.None with { Resize = new(16384) }).Dispose());

        Assert.Contains("pixels for --resize", refused.Message, StringComparison.Ordinal);
    }

    private static byte[] Resized(byte[] file, ResizeFilter filter, int height, int width) =>
        EncodedPictures.Decode(file, 1, Preprocessing.None with { Resize = new(height, width), ResizeFilter = filter }, height, width);
}
