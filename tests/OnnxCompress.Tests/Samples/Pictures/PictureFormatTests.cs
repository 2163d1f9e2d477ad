using OnnxCompress.Samples;
using OnnxCompress.Samples.Images;
using OnnxCompress.Testing;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace OnnxCompress.Tests.Samples.Pictures;

public sealed class PictureFormatTests
{
    /// <summary>16 x 8 pixels of CMYK with Adobe's marker, written by another encoder (libjpeg).</summary>
    private const string Cmyk =
        "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwACAQEBAQECAQEBAgICAgIEAwICAgIFBAQDBAYFBgYGBQYGBgcJCAYHCQcGBggLCAkKCgoKCgYICwwLCgwJCgoK/8AAFAgACAAQBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYH"
        + "CAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeo"
        + "qaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwD826/Vyv3Ur9hK/sgr8v6/hnr856//2Q==";

    public static TheoryData<byte, byte, bool> PngFormats()
    {
        var formats = new TheoryData<byte, byte, bool>();
        (byte Color, byte[] Depths)[] known = [(0, [1, 2, 4, 8, 16]), (2, [8, 16]), (3, [1, 2, 4, 8]), (4, [8, 16]), (6, [8, 16])];
        foreach (var (color, depths) in known)
        {
            foreach (var depth in depths)
            {
                formats.Add(color, depth, false);
                formats.Add(color, depth, true);
            }
        }

        return formats;
    }

    [Theory]
    [MemberData(nameof(PngFormats))]
    public void Every_colour_type_and_depth_of_png_is_decoded(byte color, byte depth, bool interlaced)
    {
        // 13 x 11: rows end inside a byte, every pass of Adam7 has pixels, every filter occurs.
        const int Width = 13, Height = 11, Area = Width * Height;
        var stored = color switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        var wanted = color switch { 0 or 4 => 1, 6 => 4, _ => 3 };
        var random = new Random(depth + color);
        var values = Enumerable.Range(0, Area * stored).Select(_ => random.Next(1 << depth)).ToArray();
        var palette = Enumerable.Range(0, 3 << Math.Min((int)depth, 8)).Select(_ => (byte)random.Next(256)).ToArray();
        var file = PngBytes.Of(Width, Height, color, depth, values, color == 3 ? palette : null, interlaced);

        var decoded = depth == 16 ? EncodedPictures.DecodeWide(file, wanted) : [.. EncodedPictures.Decode(file, wanted).Select(v => (ushort)v)];

        // Fewer than 8 bits of grey are spread over 0 to 255: white stays white.
        var spread = depth < 8 && color == 0 ? 255 / ((1 << depth) - 1) : 1;
        var expected = Enumerable.Range(0, wanted * Area).Select(i => (ushort)(color == 3
            ? palette[(3 * values[i % Area]) + (i / Area)]
            : values[(i % Area * stored) + (i / Area)] * spread));
        Assert.Equal(expected, decoded);
    }

    [Theory]
    [InlineData(5, 1)]
    [InlineData(5, 4)]
    [InlineData(9, 2)]
    public void Low_pictures_leave_passes_of_adam7_empty(int width, int height)
    {
        var stored = Enumerable.Range(1, width * height).ToArray();

        Assert.Equal(stored.Select(v => (byte)v), EncodedPictures.Decode(PngBytes.Of(width, height, 0, 8, stored, interlaced: true), 1));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 9)]
    [InlineData(4, 8)]
    public void Narrow_interlaced_pictures_are_refused_since_the_decoder_would_not_end(int width, int height) =>
        HostilePictureTests.Refused(PngBytes.Of(width, height, 0, 8, [.. Enumerable.Range(1, width * height)], interlaced: true), "save it without interlacing");

    [Fact]
    public void Files_of_other_programs_hold_what_the_arrays_beside_them_hold()
    {
        // The sample's pictures were written by another encoder from the test images in this order.
        var files = Directory.GetFiles(RepositoryFiles.Path("samples", "Glyphs", "images"), "*.png").Order(StringComparer.Ordinal).ToArray();
        using var test = NpyArray.Open(SampleFiles.Test);
        var expected = new byte[test.SampleBytes];

        Assert.NotEmpty(files);
        for (var i = 0; i < files.Length; i++)
        {
            test.ReadSample(i, expected);
            Assert.Equal(expected, EncodedPictures.Decode(File.ReadAllBytes(files[i]), 1));
        }
    }

    [Theory]
    [InlineData(".jpg")]
    [InlineData(".png")]
    [InlineData(".webp")]
    [InlineData(".bmp")]
    [InlineData(".tif")]
    public void Every_format_gives_the_colours_that_were_saved(string extension)
    {
        var blocks = EncodedPictures.Colours(2, 3);

        var decoded = EncodedPictures.Decode(EncodedPictures.Of(extension, blocks), 3);

        // JPEG turns colours into luma and chroma and rounds both; the others keep them.
        var tolerance = extension == ".jpg" ? 3 : 0;
        for (var i = 0; i < decoded.Length; i++)
        {
            var block = blocks[i / 24 % 16 / 8, i % 24 / 8];
            var expected = (i / (24 * 16)) switch { 0 => block.R, 1 => block.G, _ => block.B };
            Assert.InRange(decoded[i], expected - tolerance, expected + tolerance);
        }
    }

    [Fact]
    public void Channels_are_what_the_model_wants()
    {
        var colour = PngBytes.Of(1, 1, 2, 8, [100, 150, 200]);
        var grey = PngBytes.Of(1, 1, 4, 8, [40, 7]);
        var seeThrough = PngBytes.Of(1, 1, 6, 8, [100, 150, 200, 0]);

        Assert.Equal([(byte)141], EncodedPictures.Decode(colour, 1));
        Assert.Equal([100, 150, 200, 255], EncodedPictures.Decode(colour, 4).Select(v => (int)v));
        Assert.Equal([40, 40, 40], EncodedPictures.Decode(grey, 3).Select(v => (int)v));
        Assert.Equal([40, 40, 40, 7], EncodedPictures.Decode(grey, 4).Select(v => (int)v));
        Assert.Equal([100, 150, 200], EncodedPictures.Decode(seeThrough, 3).Select(v => (int)v));
        Assert.Equal([(ushort)36173], EncodedPictures.DecodeWide(PngBytes.Of(1, 1, 2, 16, [25700, 38550, 51400]), 1));
    }

    [Fact]
    public void Cmyk_becomes_rgb_by_the_product_of_colour_and_key()
    {
        var decoded = EncodedPictures.Decode(Convert.FromBase64String(Cmyk), 3);

        // What Pillow makes of the middles of the two blocks: (49, 190, 216) and (155, 82, 9); libjpeg's transform rounds otherwise.
        int[] expected = [49, 155, 190, 82, 216, 9];
        Assert.All(expected.Index(), e => Assert.InRange(decoded[(e.Index / 2 * 128) + (4 * 16) + 4 + (8 * (e.Index % 2))], e.Item - 1, e.Item + 1));
    }

    [Fact]
    public void Sixteen_bits_of_tiff_are_kept_and_more_are_refused()
    {
        using var image = new Image<L16>(2, 1);
        (image[0, 0], image[1, 0]) = (new(1000), new(65535));
        var file = EncodedPictures.Encode(image, ".png");

        Assert.True(EncodedPictures.Header(file).IsWide);
        Assert.Equal([(ushort)1000, 65535], EncodedPictures.DecodeWide(file, 1));
        HostilePictureTests.Refused(
            HostilePictures.Tiff([(256, 4, 1, 1), (257, 4, 1, 1), (258, 3, 1, 32), (262, 3, 1, 1), (273, 4, 1, 8), (278, 4, 1, 1), (279, 4, 1, 4)]), "more than 16 bits");
    }

    [Fact]
    public void The_first_bytes_say_what_a_file_is()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("png.jpg", PngBytes.Of(2, 1, 0, 8, [1, 2]));

        Assert.Equal((1, 2, true), PictureHeader.ReadFile(path) is var header ? (header.Height, header.Width, header.IsGrey) : default);
    }

    [Fact]
    public void Decoding_takes_one_thread_so_that_results_do_not_depend_on_how_many_there_are() =>
        Assert.Equal(1, PictureFormats.Decoders.MaxDegreeOfParallelism);
}
