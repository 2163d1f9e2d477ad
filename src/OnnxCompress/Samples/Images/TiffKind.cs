namespace OnnxCompress.Samples.Images;

/// <summary>How the numbers of a TIFF file are stored.</summary>
/// <param name="IsBigEndian">Whether the first byte of a number is its highest.</param>
/// <param name="IsBig">Whether it is BigTIFF, with positions of 8 bytes.</param>
internal sealed record TiffKind(bool IsBigEndian, bool IsBig)
{
    /// <summary>Bytes of the number of entries.</summary>
    public int CountBytes => IsBig ? 8 : 2;

    /// <summary>Bytes of an entry.</summary>
    public int EntryBytes => IsBig ? 20 : 12;

    /// <summary>Bytes of a position, and of a value that lies in its entry.</summary>
    public int OffsetBytes => IsBig ? 8 : 4;

    /// <summary>Reads the header; null when it is none of TIFF.</summary>
    public static TiffKind? Read(PictureBytes file)
    {
        if (!file.Has(0, 8) || !(file.StartsWith(0, "II"u8) || file.StartsWith(0, "MM"u8)))
        {
            return null;
        }

        var isBigEndian = file.StartsWith(0, "MM"u8);
        return file.Number(2, 2, isBigEndian) switch
        {
            42 => new(isBigEndian, IsBig: false),
            43 when file.Has(0, 16) => new(isBigEndian, IsBig: true),
            _ => null,
        };
    }

    /// <summary>Where the first directory is.</summary>
    public long FirstDirectory(PictureBytes file) =>
        (long)Math.Min(IsBig ? file.Number(8, 8, IsBigEndian) : file.Number(4, 4, IsBigEndian), long.MaxValue);
}
