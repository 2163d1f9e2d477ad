using OnnxCompress.Samples;
using OnnxCompress.Samples.Images;
using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace OnnxCompress.Tests.Samples.Pictures;

public sealed class HostilePictureTests
{
    [Theory]
    [InlineData(".png", 50_000, 50_000, "claims 50000 x 50000 pixels; 1 to")]
    [InlineData(".png", 5_000, 5_000, "more than they can hold")]
    [InlineData(".png", 0xffffff, 2, "more than they can hold")]
    [InlineData(".png", 0, 5, "")]
    [InlineData(".png", -1, 5, "")]
    [InlineData(".jpg", 65_535, 65_535, "claims 65535 x 65535 pixels; 1 to")]
    [InlineData(".jpg", 5_000, 5_000, "more than they can hold")]
    [InlineData(".webp", 16_384, 16_384, "claims 16384 x 16384 pixels; 1 to")]
    [InlineData(".bmp", 100_000, 100_000, "fewer bytes than its BMP header says")]
    [InlineData(".tif", 100_000, 100_000, "fewer rows than it says")]
    [InlineData(".tif", -1, -1, "")]
    public void A_picture_that_claims_much_is_refused_by_its_header(string extension, int width, int height, string part)
    {
        var bomb = HostilePictures.Claiming(extension, width, height);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Refused(bomb, part);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Theory]
    [InlineData(".jpg")]
    [InlineData(".png")]
    [InlineData(".webp")]
    [InlineData(".bmp")]
    [InlineData(".tif")]
    public void A_picture_that_was_cut_off_anywhere_is_refused(string extension)
    {
        var sound = EncodedPictures.Of(extension, EncodedPictures.Colours(3, 4));

        // The last bytes may be a filler that nothing needs.
        for (var length = 0; length < sound.Length - 4; length += 1 + (length / 64))
        {
            Refused(sound[..length], "");
        }
    }

    [Theory]
    [InlineData(".jpg")]
    [InlineData(".png")]
    [InlineData(".webp")]
    [InlineData(".bmp")]
    [InlineData(".tif")]
    public void A_picture_with_changed_bytes_is_read_or_refused_and_nothing_else(string extension)
    {
        var sound = EncodedPictures.Of(extension, EncodedPictures.Colours(3, 4), orientation: 6);
        var random = new Random(20);
        for (var i = 0; i < 400; i++)
        {
            var changed = sound.ToArray();
            for (var edits = 1 + random.Next(4); edits > 0; edits--)
            {
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
            }

            try
            {
                EncodedPictures.Decode(changed, 3);
            }
            catch (OnnxCompressException refused)
            {
                Assert.Equal(DiagnosticCodes.DataMalformed, refused.Diagnostic.Code);
            }
        }
    }

    [Fact]
    public void Damage_of_png_is_found()
    {
        var sound = PngBytes.Of(6, 5, 2, 8, [.. Enumerable.Range(0, 90)]);
        var flipped = sound.ToArray();
        flipped[45] ^= 1;

        Refused(flipped, "CRC");
        Refused(sound[..20], "ends before its PNG header");
        Refused([1, 2, 3], "is no picture in one of the formats");
        Refused(PngBytes.Of(1, 1, 3, 8, [0]), "");
        Refused(PngBytes.Assemble(PngBytes.Header(4, 4, 8, 0, false), null, PngBytes.Deflate(new byte[7])), "fewer rows than its header says");
        Refused(PngBytes.Assemble(PngBytes.Header(1, 1, 8, 0, false), null, PngBytes.Deflate([9, 0])), "");
        Refused(PngBytes.Assemble(PngBytes.Header(1, 1, 8, 0, false), null, [1, 2, 3, 4]), "is damaged");
        Refused(PngBytes.Assemble(PngBytes.Header(1, 1, 4, 2, false), null, []), "");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Pixels_of_png_that_end_early_or_lie_apart_are_refused_since_the_decoder_would_wait_for_them(bool interlaced)
    {
        var rows = PngBytes.Deflate([.. Enumerable.Range(0, 400).Select(i => (byte)(i % 17 == 0 ? 0 : i))]);
        byte[] header = [.. PngBytes.Assemble(PngBytes.Header(16, 16, 8, 0, interlaced), null, [])[..33]];
        byte[] end = PngBytes.Chunk("IEND", []);

        Refused([.. header, .. PngBytes.Chunk("IDAT", PngBytes.Deflate(new byte[60])), .. end], "fewer rows");
        Refused([.. header, .. PngBytes.Chunk("IDAT", rows[..20]), .. PngBytes.Chunk("tEXt", [1]), .. PngBytes.Chunk("IDAT", rows[20..]), .. end], "fewer rows");
        Refused([.. header, .. PngBytes.Chunk("IDAT", rows[..20]), .. PngBytes.Chunk("IDAT", []), .. PngBytes.Chunk("IDAT", rows[20..]), .. end], "fewer rows");
    }

    [Fact]
    public void Files_of_several_pictures_are_refused()
    {
        using var pages = new Image<L8>(2, 2);
        pages.Frames.CreateFrame();
        byte[] header = [2, 0, 0, 0, 7, 0, 0, 7, 0, 0];

        Refused(EncodedPictures.Encode(pages, ".tif"), "holds 2 frames or pages");
        Refused(HostilePictures.WithChunk(PngBytes.Of(1, 1, 0, 8, [7]), "acTL", [0, 0, 0, 3, 0, 0, 0, 0]), "holds 3 frames or pages");
        Refused(HostilePictures.Riff(("VP8X", header), ("ANIM", new byte[6]), ("ANMF", new byte[24]), ("ANMF", new byte[24])), "holds 2 frames or pages");
        Assert.Equal([(byte)7], EncodedPictures.Decode(HostilePictures.WithChunk(PngBytes.Of(1, 1, 0, 8, [7]), "acTL", [0, 0, 0, 1, 0, 0, 0, 0]), 1));
    }

    [Fact]
    public void Directories_of_tiff_that_lead_back_or_overlap_are_refused()
    {
        (ushort, ushort, uint, uint)[] entries = [(256, 4, 1, 1), (257, 4, 1, 1), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8), (278, 4, 1, 1), (279, 4, 1, 1)];

        Refused(HostilePictures.Tiff(entries, next: 8), "leads back");
        Refused(HostilePictures.Tiff([.. entries, (256, 4, 1, 1)]), "a tag twice");
        Refused(HostilePictures.Tiff([.. entries, .. Enumerable.Range(0, 9).Select(i => ((ushort)(40_000 + i), (ushort)7, 100u, 8u))]), "overlap");
        Refused(HostilePictures.Tiff([.. entries, (34665, 4, 1, 8)]), "");
    }

    [Fact]
    public void A_jpeg_of_many_scans_is_refused()
    {
        var sound = EncodedPictures.Of(".jpg", EncodedPictures.Colours(1, 1));
        byte[] scan = [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0];

        Refused([.. sound[..^2], .. Enumerable.Repeat(scan, 600).SelectMany(b => b), 0xFF, 0xD9], "times over its 64 pixels");
    }

    [Fact]
    public void Notes_in_a_picture_take_no_memory()
    {
        var noted = HostilePictures.WithChunk(PngBytes.Of(1, 1, 0, 8, [7]), "zTXt", HostilePictures.CompressedText(64 << 20));
        EncodedPictures.Decode(noted, 1);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Equal([(byte)7], EncodedPictures.Decode(noted, 1));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    [Fact]
    public void A_picture_that_is_not_there_is_not_found() =>
        Assert.Equal(DiagnosticCodes.DataNotFound, Assert.Throws<OnnxCompressException>(() => PictureHeader.ReadFile(Path.Combine(AppContext.BaseDirectory, "absent.jpg"))).Diagnostic.Code);

    internal static void Refused(byte[] file, string part)
    {
        var refused = Assert.Throws<OnnxCompressException>(() =>
        {
            using var stream = new MemoryStream(file);
            var header = PictureHeader.Read(stream, "a.xyz");
            new PictureDecoder(3, header.IsWide, Preprocessing.None).Decode(file, "a.xyz", header.Height, header.Width, new byte[6 * header.Height * header.Width]);
        });

        Assert.Equal(DiagnosticCodes.DataMalformed, refused.Diagnostic.Code);
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
        Assert.Contains("a.xyz", refused.Message, StringComparison.Ordinal);
    }
}
