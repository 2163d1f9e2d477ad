using OnnxCompress.Calibration.Data;
using OnnxCompress.Calibration.Data.Images;
using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;

namespace OnnxCompress.Tests.Calibration;

public sealed class PngDecoderTests
{
    public static TheoryData<byte, byte, bool> Formats()
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
    [MemberData(nameof(Formats))]
    public void Every_colour_type_and_depth_is_decoded(byte color, byte depth, bool interlaced)
    {
        // 13 x 11: rows end inside a byte, every pass of Adam7 has pixels, every filter occurs.
        const int Width = 13, Height = 11;
        var channels = color switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        var random = new Random(depth + color);
        var stored = Enumerable.Range(0, Width * Height * channels).Select(_ => random.Next(1 << depth)).ToArray();
        var palette = Enumerable.Range(0, 3 << Math.Min((int)depth, 8)).Select(_ => (byte)random.Next(256)).ToArray();

        var image = PngDecoder.Decode(PngBytes.Of(Width, Height, color, depth, stored, color == 3 ? palette : null, interlaced), "a.png");

        var spread = depth < 8 && color == 0 ? 255 / ((1 << depth) - 1) : 1;
        var expected = color == 3 ? stored.SelectMany(v => palette[(3 * v)..((3 * v) + 3)].Select(p => (ushort)p)) : stored.Select(v => (ushort)(v * spread));
        Assert.Equal((Height, Width, color == 3 ? 3 : channels), (image.Height, image.Width, image.Channels));
        Assert.Equal(expected, image.Values);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 9)]
    [InlineData(5, 1)]
    [InlineData(3, 2)]
    public void Small_pictures_leave_passes_of_adam7_empty(int width, int height)
    {
        var stored = Enumerable.Range(1, width * height).ToArray();

        Assert.Equal(stored.Select(v => (ushort)v), PngDecoder.Decode(PngBytes.Of(width, height, 0, 8, stored, interlaced: true), "a.png").Values);
    }

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
            Assert.Equal(expected.Select(v => (ushort)v), PngDecoder.DecodeFile(files[i]).WithChannels(1).Values);
        }
    }

    [Theory]
    [InlineData(50_000, 50_000, "claims 50000 x 50000 pixels")]
    [InlineData(0, 5, "claims 0 x 5 pixels")]
    [InlineData(-1, 5, "claims 4294967295 x 5 pixels")]
    [InlineData(5_000, 5_000, "more than they can hold")]
    public void A_picture_that_claims_more_than_its_bytes_is_refused_before_anything_is_allocated(int width, int height, string part)
    {
        var bomb = PngBytes.Assemble(PngBytes.Header(width, height, 8, 6, interlaced: false), null, PngBytes.Deflate(new byte[100]));
        var before = GC.GetAllocatedBytesForCurrentThread();

        Refused(bomb, part);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Nobody_makes_room_for_a_picture_that_its_file_cannot_hold()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("bomb.png", PngBytes.Assemble(PngBytes.Header(2, 0xffffff, 8, 4, interlaced: false), null, PngBytes.Deflate(new byte[100])));

        var refusal = Assert.Throws<OnnxCompressException>(() => PngHeader.ReadFile(path));

        Assert.Equal(DiagnosticCodes.DataMalformed, refusal.Diagnostic.Code);
        Assert.Contains("more than they can hold", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damage_is_found()
    {
        var sound = PngBytes.Of(6, 5, 2, 8, [.. Enumerable.Range(0, 90)]);
        var flipped = sound.ToArray();
        flipped[45] ^= 1;

        Refused(flipped, "a checksum does not match");
        Refused(sound[..40], "ends in the middle");
        Refused(sound[..20], "ends before its PNG header");
        Refused([1, 2, 3], "is not a PNG file");
        Refused(PngBytes.Of(2, 1, 3, 8, [0, 7], palette: [1, 2, 3]), "entry 7 of a palette with 1");
        Refused(PngBytes.Of(1, 1, 3, 8, [0]), "a palette of 0 bytes");
        Refused(PngBytes.Assemble(PngBytes.Header(4, 4, 8, 0, false), null, PngBytes.Deflate(new byte[7])), "fewer rows than its header says");
        Refused(PngBytes.Assemble(PngBytes.Header(1, 1, 8, 0, false), null, PngBytes.Deflate([9, 0])), "a row has the filter 9");
        Refused(PngBytes.Assemble(PngBytes.Header(1, 1, 8, 0, false), null, [1, 2, 3, 4]), "is damaged");
        Refused(PngBytes.Assemble(PngBytes.Header(1, 1, 4, 2, false), null, []), "colour type 2 with 4 bits");
    }

    [Fact]
    public void Channels_are_what_the_model_wants()
    {
        var rgb = PngDecoder.Decode(PngBytes.Of(1, 1, 2, 8, [100, 150, 200]), "a.png");
        var grey = PngDecoder.Decode(PngBytes.Of(1, 1, 4, 8, [40, 7]), "a.png");

        Assert.Equal([(ushort)141], rgb.WithChannels(1).Values);
        Assert.Equal([100, 150, 200, 255], rgb.WithChannels(4).Values.Select(v => (int)v));
        Assert.Equal([40, 40, 40], grey.WithChannels(3).Values.Select(v => (int)v));
        Assert.Equal([40, 40, 40, 7], grey.WithChannels(4).Values.Select(v => (int)v));
    }

    private static void Refused(byte[] file, string part)
    {
        var refused = Assert.Throws<OnnxCompressException>(() => PngDecoder.Decode(file, "a.png"));

        Assert.Equal(DiagnosticCodes.DataMalformed, refused.Diagnostic.Code);
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
        Assert.Contains("a.png", refused.Message, StringComparison.Ordinal);
    }
}
