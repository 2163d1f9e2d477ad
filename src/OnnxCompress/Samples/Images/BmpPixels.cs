namespace OnnxCompress.Samples.Images;

/// <summary>Whether the pixels that a BMP file claims are there: the decoder would make up the rest.</summary>
internal static class BmpPixels
{
    private const int FileHeader = 14;

    /// <summary>The oldest header, with sizes of 16 bits and no compression.</summary>
    private const int CoreHeader = 12;

    private const int InfoHeader = 40;

    /// <summary>Looks at the header.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX3002.</exception>
    public static PictureContainer Read(PictureBytes file, string name)
    {
        var isCore = file.Has(0, FileHeader + 4) && Number(FileHeader, 4) == CoreHeader;
        if (!file.Has(0, FileHeader + (isCore ? CoreHeader : InfoHeader)))
        {
            throw PictureFormats.Malformed(name, "ends before its BMP header, or begins with something else");
        }

        var (width, height, bits, isPacked) = isCore
            ? (Number(18, 2), Number(20, 2), Number(24, 2), false)
            : (Number(18, 4), Math.Abs((int)Number(22, 4)), Number(28, 2), Number(30, 4) is 1 or 2);
        // Rows are filled up to multiples of 4 bytes; what is packed states its own size, or nothing.
        var stored = isPacked ? Number(34, 4) : ((width * bits) + 31) / 32 * 4 * height;
        return file.Has(Number(10, 4), stored)
            ? new(1, 1, IsGrey: false, 8)
            : throw PictureFormats.Malformed(name, "ends in the middle: it has fewer bytes than its BMP header says");

        long Number(long position, int bytes) => (long)file.Number(position, bytes, isBigEndian: false);
    }
}
