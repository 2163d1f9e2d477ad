namespace OnnxCompress.Samples.Images;

/// <summary>The chunks of a WebP file (RFC 9649, 2.3).</summary>
internal static class WebpChunks
{
    private const int HeaderBytes = 12;
    private const int ChunkHeader = 8;

    /// <summary>Walks over the chunks to the end of the file, as the decoder does.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX3002.</exception>
    public static PictureContainer Read(PictureBytes file, string name)
    {
        if (!file.Has(0, HeaderBytes) || !file.Has(ChunkHeader, (long)file.Number(4, 4, isBigEndian: false)))
        {
            throw PictureFormats.Malformed(name, "ends in the middle: it has fewer bytes than its WebP header says");
        }

        var (frames, orientation) = (0, 1);
        for (long position = HeaderBytes; position < file.Length;)
        {
            var length = file.Has(position, ChunkHeader) ? (long)file.Number(position + 4, 4, isBigEndian: false) : long.MaxValue;
            var body = position + ChunkHeader;
            if (!file.Has(body, length))
            {
                throw PictureFormats.Malformed(name, "ends in the middle of a chunk");
            }

            frames += file.StartsWith(position, "VP8 "u8) || file.StartsWith(position, "VP8L"u8) || file.StartsWith(position, "ANMF"u8) ? 1 : 0;
            if (file.StartsWith(position, "EXIF"u8))
            {
                // Some programs keep the marker that JPEG needs before it.
                var marker = file.StartsWith(body, "Exif\0\0"u8) ? 6 : 0;
                orientation = length >= marker ? TiffDirectory.OrientationIn(file.Slice(body + marker, length - marker)) : 1;
            }

            position = body + length + (length & 1);
        }

        return new(frames, orientation, IsGrey: false, 8);
    }
}
