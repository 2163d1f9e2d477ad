namespace OnnxCompress.Samples.Images;

/// <summary>The segments of a JPEG file (ITU-T T.81, annex B).</summary>
internal static class JpegSegments
{
    private const int StartOfScan = 0xDA;
    private const int EndOfImage = 0xD9;
    private const int App1 = 0xE1;

    /// <summary>More passes over a picture than any program makes; each costs time as the whole picture does.</summary>
    private const int MostScans = 500;

    /// <summary>Bytes between segments that belong to none: some programs leave a few.</summary>
    private const int MostStrayBytes = 4096;

    /// <summary>Walks over the segments before the first scan.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX3002.</exception>
    public static PictureContainer Read(PictureBytes file, string name)
    {
        var found = new PictureContainer(1, 1, IsGrey: false, 8);
        var (hasExif, stray) = (false, 0);
        for (long position = 2; ;)
        {
            if (!file.Has(position, 4) || stray > MostStrayBytes)
            {
                throw PictureFormats.Malformed(name, "ends before its pixels, or holds something else than JPEG segments before them");
            }

            if (file.Number(position, 1) != 0xFF)
            {
                (stray, position) = (stray + 1, position + 1);
                continue;
            }

            var marker = (int)file.Number(position + 1, 1);
            if (marker == StartOfScan)
            {
                return found;
            }

            if (HasNoBody(marker))
            {
                // Fill bytes stand before a marker, one at a time.
                position += marker == 0xFF ? 1 : 2;
                continue;
            }

            var length = (long)file.Number(position + 2, 2);
            if (length < 2 || !file.Has(position + 2, length))
            {
                throw PictureFormats.Malformed(name, "ends in the middle of a JPEG segment");
            }

            if (IsFrame(marker) && length >= 8)
            {
                found = found with { IsGrey = file.Number(position + 9, 1) == 1, BitsPerChannel = (int)file.Number(position + 4, 1) };
            }
            else if (marker == App1 && !hasExif && file.StartsWith(position + 4, "Exif\0\0"u8) && length >= 8)
            {
                (hasExif, found) = (true, found with { Orientation = TiffDirectory.OrientationIn(file.Slice(position + 10, length - 8)) });
            }

            position += 2 + length;
        }
    }

    /// <summary>Refuses a file whose end is missing, which the decoder would fill with grey, and one of too many scans.</summary>
    /// <param name="file">All bytes.</param>
    /// <param name="pixels">Of the picture.</param>
    /// <param name="name">For messages.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX3002.</exception>
    public static void RequireWhole(ReadOnlySpan<byte> file, long pixels, string name)
    {
        var scans = 0;
        for (var position = 2; ;)
        {
            // Between a scan and the next marker each 0xFF of the data has a 0 or a restart mark behind it.
            var next = position < file.Length ? file[position..].IndexOf((byte)0xFF) : -1;
            position += next + 1;
            if (next < 0 || position >= file.Length)
            {
                throw PictureFormats.Malformed(name, "ends in the middle: the end of its pixels is missing");
            }

            var marker = (int)file[position];
            if (marker == EndOfImage && scans > 0)
            {
                return;
            }

            scans += marker == StartOfScan ? 1 : 0;
            if (scans > MostScans || scans * pixels > 32L * PictureFormats.MostPixels)
            {
                throw PictureFormats.Malformed(name, $"passes {scans} times over its {pixels} pixels, which no program writes");
            }

            position += marker == 0xFF ? 0 : HasNoBody(marker) || file.Length - position < 3 ? 1 : 1 + ((file[position + 1] << 8) | file[position + 2]);
        }
    }

    private static bool HasNoBody(int marker) => marker is 0 or 1 or 0xFF or (>= 0xD0 and <= 0xD9);

    private static bool IsFrame(int marker) => marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC);
}
