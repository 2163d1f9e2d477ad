using System.Buffers.Binary;

namespace OnnxCompress.Samples.Images;

/// <summary>A file, or a part of one, that is looked into at any place.</summary>
/// <param name="stream">Can seek.</param>
/// <param name="start">Where the part begins in the stream.</param>
/// <param name="length">Its bytes.</param>
internal sealed class PictureBytes(Stream stream, long start, long length)
{
    /// <summary>Bytes that are there.</summary>
    public long Length => length;

    /// <summary>Whether so many bytes are there from a position on.</summary>
    public bool Has(long position, long count) => position >= 0 && count >= 0 && count <= length && position <= length - count;

    /// <summary>A part of this part; <see cref="Has"/> says that it is there.</summary>
    public PictureBytes Slice(long position, long count) => new(stream, start + position, count);

    /// <summary>Whether given bytes are at a position.</summary>
    public bool StartsWith(long position, ReadOnlySpan<byte> expected)
    {
        Span<byte> bytes = stackalloc byte[expected.Length];
        return Has(position, expected.Length) && Read(position, bytes).SequenceEqual(expected);
    }

    /// <summary>A number of 1 to 8 bytes; <see cref="Has"/> says that they are there.</summary>
    public ulong Number(long position, int bytes, bool isBigEndian = true)
    {
        Span<byte> eight = stackalloc byte[8];
        eight.Clear();
        Read(position, isBigEndian ? eight[^bytes..] : eight[..bytes]);
        return isBigEndian ? BinaryPrimitives.ReadUInt64BigEndian(eight) : BinaryPrimitives.ReadUInt64LittleEndian(eight);
    }

    private Span<byte> Read(long position, Span<byte> bytes)
    {
        stream.Position = start + position;
        stream.ReadExactly(bytes);
        return bytes;
    }
}
