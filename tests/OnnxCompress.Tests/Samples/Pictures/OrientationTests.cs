using OnnxCompress.Testing;
using SixLabors.ImageSharp.PixelFormats;

namespace OnnxCompress.Tests.Samples.Pictures;

public sealed class OrientationTests
{
    public static TheoryData<string, ushort> All()
    {
        var all = new TheoryData<string, ushort>();
        foreach (var extension in new[] { ".jpg", ".png", ".webp", ".tif" })
        {
            for (ushort orientation = 1; orientation <= 8; orientation++)
            {
                all.Add(extension, orientation);
            }
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_picture_is_turned_as_exif_says(string extension, ushort orientation)
    {
        var stored = EncodedPictures.Colours(2, 3);
        var file = EncodedPictures.Of(extension, stored, orientation);

        var (height, width) = EncodedPictures.Header(file) is var header ? (header.Height, header.Width) : default;
        var decoded = EncodedPictures.Decode(file, 3);

        Assert.Equal(orientation < 5 ? (16, 24) : (24, 16), (height, width));
        for (var row = 0; row < height / 8; row++)
        {
            for (var column = 0; column < width / 8; column++)
            {
                var expected = Upright(stored, orientation, row, column);
                var middle = (((8 * row) + 4) * width) + (8 * column) + 4;
                Assert.InRange(decoded[middle], expected.R - 3, expected.R + 3);
                Assert.InRange(decoded[middle + (height * width)], expected.G - 3, expected.G + 3);
                Assert.InRange(decoded[middle + (2 * height * width)], expected.B - 3, expected.B + 3);
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(65535)]
    public void An_orientation_that_does_not_exist_is_none(ushort orientation) =>
        Assert.Equal((16, 24), EncodedPictures.Header(EncodedPictures.Of(".png", EncodedPictures.Colours(2, 3), orientation)) is var header ? (header.Height, header.Width) : default);

    [Fact]
    public void A_picture_is_not_lost_over_its_notes()
    {
        var file = HostilePictures.WithChunk(PngBytes.Of(2, 1, 0, 8, [1, 2]), "eXIf", [.. "II*\0"u8, 255, 255, 255, 255, 1, 2]);

        Assert.Equal([1, 2], EncodedPictures.Decode(file, 1).Select(v => (int)v));
    }

    // CIPA DC-008, 4.6.5.1: where the 0th row and the 0th column of what is stored lie.
    private static Rgb24 Upright(Rgb24[,] stored, int orientation, int row, int column)
    {
        var (lastRow, lastColumn) = (stored.GetLength(0) - 1, stored.GetLength(1) - 1);
        var (y, x) = orientation switch
        {
            2 => (row, lastColumn - column),
            3 => (lastRow - row, lastColumn - column),
            4 => (lastRow - row, column),
            5 => (column, row),
            6 => (lastRow - column, row),
            7 => (lastRow - column, lastColumn - row),
            8 => (column, lastColumn - row),
            _ => (row, column),
        };
        return stored[y, x];
    }
}
