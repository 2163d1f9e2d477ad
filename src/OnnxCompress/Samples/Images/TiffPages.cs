namespace OnnxCompress.Samples.Images;

/// <summary>The pages of a TIFF file and what the first says of its pixels.</summary>
internal static class TiffPages
{
    private const int SubfileType = 254;
    private const int Width = 256;
    private const int Height = 257;
    private const int BitsPerSample = 258;
    private const int Compression = 259;
    private const ulong Uncompressed = 1;
    private const int Photometric = 262;
    private const int StripOffsets = 273;
    private const int StripByteCounts = 279;
    private const int SampleFormat = 339;
    private const int ExifDirectory = 34665;

    /// <summary>Pages and thumbnails together.</summary>
    private const int MostDirectories = 64;

    /// <summary>Floating-point numbers: more bits than any picture that is read.</summary>
    private const int Float = 3;

    /// <summary>Walks over the directories.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX3002.</exception>
    public static PictureContainer Read(PictureBytes file, string name)
    {
        var kind = TiffKind.Read(file) ?? throw PictureFormats.Malformed(name, "ends before its TIFF header");
        TiffDirectory? first = null;
        var (pages, directories, values) = (0, 0, 0UL);
        for (var position = kind.FirstDirectory(file); position != 0; directories++)
        {
            var directory = Directory(file, kind, position, name);
            first ??= directory;
            // A smaller copy of another page is no page.
            pages += (directory.Number(SubfileType) & 1) == 1 && directories > 0 ? 0 : 1;
            values += directory.ValueBytes + (directory.Number(ExifDirectory) is { } exif ? Directory(file, kind, (long)Math.Min(exif, long.MaxValue), name).ValueBytes : 0);
            position = directory.Next > position || directory.Next == 0 ? directory.Next : throw PictureFormats.Malformed(name, "has a TIFF directory that leads back");
            if (directories >= MostDirectories || values > (ulong)file.Length)
            {
                throw PictureFormats.Malformed(name, $"has more than {MostDirectories} TIFF directories, or values in them that overlap");
            }
        }

        RequirePixels(first ?? throw PictureFormats.Malformed(name, "holds no page"), file, name);
        return new(pages, first.UprightBy, first.Number(Photometric) is 0 or 1, Bits(first));
    }

    private static TiffDirectory Directory(PictureBytes file, TiffKind kind, long position, string name) =>
        TiffDirectory.Read(file, kind, position) is { IsWhole: true } directory ? directory
            : throw PictureFormats.Malformed(name, "has a TIFF directory that reaches beyond the file or has a tag twice");

    // The decoder would make up what is missing.
    private static void RequirePixels(TiffDirectory page, PictureBytes file, string name)
    {
        var rowBytes = 0UL;
        for (var channel = 0UL; page.Number(BitsPerSample, channel) is { } bits; channel++)
        {
            rowBytes += bits;
        }

        if (rowBytes == 0 || page.Number(StripOffsets) is null)
        {
            throw PictureFormats.Malformed(name, "has pixels in tiles, or does not say where they are and with how many bits (StripOffsets, BitsPerSample); save it again in strips");
        }

        var stored = 0UL;
        for (var strip = 0UL; page.Number(StripOffsets, strip) is { } start; strip++)
        {
            var bytes = page.Number(StripByteCounts, strip) ?? ulong.MaxValue;
            if (start > long.MaxValue || bytes > long.MaxValue || !file.Has((long)start, (long)bytes))
            {
                throw PictureFormats.Malformed(name, "ends in the middle: pixels of the first page lie beyond its end");
            }

            stored += bytes;
        }

        var wanted = ((page.Number(Width) ?? 0) * rowBytes / 8) * (page.Number(Height) ?? 0);
        if ((page.Number(Compression) ?? Uncompressed) == Uncompressed && stored < wanted)
        {
            throw PictureFormats.Malformed(name, "is damaged: its first page holds fewer rows than it says");
        }
    }

    private static int Bits(TiffDirectory page)
    {
        var bits = 1UL;
        for (var channel = 0UL; channel < 8; channel++)
        {
            bits = Math.Max(bits, page.Number(BitsPerSample, channel) ?? 0);
        }

        return page.Number(SampleFormat) == Float ? 64 : (int)Math.Min(bits, 64);
    }
}
