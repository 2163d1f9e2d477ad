namespace OnnxCompress.Samples.Images;

/// <summary>A directory of TIFF, which EXIF uses as well: tags with numbers, and where the next directory is (TIFF 6.0, section 2).</summary>
internal sealed class TiffDirectory
{
    private const int Orientation = 274;
    private const int MostEntries = 4096;

    /// <summary>Bytes of one value by type: BYTE, ASCII, SHORT, LONG, RATIONAL and so on to the 64-bit types of BigTIFF.</summary>
    private static readonly int[] TypeBytes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

    private readonly PictureBytes _file;
    private readonly TiffKind _kind;
    private readonly Dictionary<int, (int Type, ulong Count, long Position)> _entries = [];

    private TiffDirectory(PictureBytes file, TiffKind kind) => (_file, _kind) = (file, kind);

    /// <summary>Where the next directory is; 0: there is none.</summary>
    public long Next { get; private set; }

    /// <summary>Bytes that the values take outside the directory. Values of an honest file do not overlap.</summary>
    public ulong ValueBytes { get; private set; }

    /// <summary>Whether all values lie inside the file.</summary>
    public bool IsWhole { get; private set; } = true;

    /// <summary>The orientation that the directory states; 1 where it states none, or none that exists.</summary>
    public int UprightBy => Number(Orientation) is { } stated and >= 1 and <= 8 ? (int)stated : 1;

    /// <summary>Reads a directory.</summary>
    /// <returns>Null when it reaches beyond the file, has a tag twice or more entries than any program writes.</returns>
    public static TiffDirectory? Read(PictureBytes file, TiffKind kind, long position)
    {
        if (!file.Has(position, kind.CountBytes))
        {
            return null;
        }

        var count = file.Number(position, kind.CountBytes, kind.IsBigEndian);
        var first = position + kind.CountBytes;
        if (count > MostEntries || !file.Has(first, (long)count * kind.EntryBytes))
        {
            return null;
        }

        var directory = new TiffDirectory(file, kind);
        for (var i = 0; i < (int)count; i++)
        {
            if (!directory.Add(first + ((long)i * kind.EntryBytes)))
            {
                return null;
            }
        }

        var end = first + ((long)count * kind.EntryBytes);
        directory.Next = file.Has(end, kind.OffsetBytes) ? (long)Math.Min(file.Number(end, kind.OffsetBytes, kind.IsBigEndian), long.MaxValue) : 0;
        return directory;
    }

    /// <summary>The orientation in a block of EXIF; 1 where it cannot be read: a picture is not lost over its notes.</summary>
    public static int OrientationIn(PictureBytes exif) =>
        TiffKind.Read(exif) is { IsBig: false } kind && Read(exif, kind, kind.FirstDirectory(exif)) is { } directory ? directory.UprightBy : 1;

    /// <summary>A value of a tag, which is a whole number; null where it is missing or something else.</summary>
    public ulong? Number(int tag, ulong index = 0)
    {
        if (!_entries.TryGetValue(tag, out var entry) || index >= entry.Count || entry.Type is not (1 or 3 or 4 or 13 or 16 or 18))
        {
            return null;
        }

        var bytes = TypeBytes[entry.Type];
        var position = entry.Position + ((long)index * bytes);
        return _file.Has(position, bytes) ? _file.Number(position, bytes, _kind.IsBigEndian) : null;
    }

    private bool Add(long position)
    {
        var tag = (int)_file.Number(position, 2, _kind.IsBigEndian);
        var type = (int)_file.Number(position + 2, 2, _kind.IsBigEndian);
        var count = _file.Number(position + 4, _kind.OffsetBytes, _kind.IsBigEndian);
        var bytes = type < TypeBytes.Length ? TypeBytes[type] : 0;
        var inPlace = position + 4 + _kind.OffsetBytes;
        if (bytes == 0 || count <= (ulong)(_kind.OffsetBytes / bytes))
        {
            return _entries.TryAdd(tag, (type, count, inPlace));
        }

        var elsewhere = (long)Math.Min(_file.Number(inPlace, _kind.OffsetBytes, _kind.IsBigEndian), long.MaxValue);
        var size = (long)Math.Min(count, int.MaxValue) * bytes;
        ValueBytes += (ulong)size;
        IsWhole &= _file.Has(elsewhere, size);
        return _entries.TryAdd(tag, (type, count, elsewhere));
    }
}
