using System.Buffers.Binary;
using System.IO.Compression;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Samples.Images;

/// <summary>The chunks of a PNG file (ISO/IEC 15948, 5.3).</summary>
internal static class PngChunks
{
    private const int SignatureBytes = 8;

    /// <summary>Length, type and checksum.</summary>
    private const int AroundBody = 12;

    private const int HeaderBytes = 13;

    /// <summary>In narrower pictures passes of Adam7 are empty.</summary>
    private const int SmallestInterlaced = 5;

    /// <summary>Walks over the chunks.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX3002.</exception>
    public static PictureContainer Read(PictureBytes file, string name)
    {
        var found = Header(file, name);
        for (long position = SignatureBytes; ;)
        {
            var length = file.Has(position, AroundBody) ? (long)file.Number(position, 4) : throw PictureFormats.Malformed(name, "ends in the middle: its last chunk is missing");
            if (!file.Has(position, AroundBody + length))
            {
                throw PictureFormats.Malformed(name, "ends in the middle of a chunk");
            }

            if (file.StartsWith(position + 4, "IEND"u8))
            {
                return found;
            }

            if (file.StartsWith(position + 4, "acTL"u8) && length >= 4)
            {
                found = found with { Frames = (int)Math.Min(file.Number(position + 8, 4), int.MaxValue) };
            }
            else if (file.StartsWith(position + 4, "eXIf"u8))
            {
                found = found with { Orientation = TiffDirectory.OrientationIn(file.Slice(position + 8, length)) };
            }

            position += AroundBody + length;
        }
    }

    /// <summary>Refuses a file with fewer rows than its header says, which the decoder would fill with black.</summary>
    /// <param name="file">All bytes; <see cref="Read"/> has passed them.</param>
    /// <param name="name">For messages.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX3002.</exception>
    public static void RequireWhole(byte[] file, string name)
    {
        using var packed = new MemoryStream();
        for (var position = SignatureBytes; !file.AsSpan(position + 4, 4).SequenceEqual("IEND"u8);)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(position));
            if (file.AsSpan(position + 4, 4).SequenceEqual("IDAT"u8) && length > 0)
            {
                packed.Write(file.AsSpan(position + 8, length));
            }
            else if (packed.Length > 0)
            {
                // For the decoder pixels end here; when rows are interlaced it would wait for the rest for ever.
                break;
            }

            position += AroundBody + length;
        }

        packed.Position = 0;
        using var rows = new ZLibStream(packed, CompressionMode.Decompress);
        var wanted = StoredBytes(file);
        Span<byte> some = stackalloc byte[1 << 13];
        try
        {
            for (int read; wanted > 0; wanted -= read)
            {
                read = rows.Read(some);
                if (read == 0)
                {
                    throw PictureFormats.Malformed(name, "is damaged: it holds fewer rows than its header says");
                }
            }
        }
        catch (InvalidDataException damaged)
        {
            throw new OnnxCompressException(DiagnosticCodes.DataMalformed, $"'{name}' is damaged: {damaged.Message}", damaged);
        }
    }

    // A filter byte and the values of each row of each pass; seven passes where rows are interlaced (Adam7).
    private static long StoredBytes(ReadOnlySpan<byte> file)
    {
        var header = file.Slice(SignatureBytes + 8, HeaderBytes);
        var (width, height) = (BinaryPrimitives.ReadInt32BigEndian(header), BinaryPrimitives.ReadInt32BigEndian(header[4..]));
        var bits = header[8] * Channels(header[9]);
        ReadOnlySpan<(int X, int Y, int Right, int Down)> passes = header[12] == 0
            ? [(0, 0, 1, 1)]
            : [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
        var bytes = 0L;
        foreach (var (x, y, right, down) in passes)
        {
            var (columns, rows) = ((width - x + right - 1) / right, (height - y + down - 1) / down);
            bytes += columns > 0 && rows > 0 ? rows * (1 + ((((long)columns * bits) + 7) / 8)) : 0;
        }

        return bytes;
    }

    private static int Channels(ulong color) => color switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };

    private static PictureContainer Header(PictureBytes file, string name)
    {
        const int Body = SignatureBytes + 8;
        if (!file.Has(Body, HeaderBytes) || !file.StartsWith(SignatureBytes + 4, "IHDR"u8) || file.Number(SignatureBytes, 4) != HeaderBytes)
        {
            throw PictureFormats.Malformed(name, "ends before its PNG header, or begins with something else");
        }

        var (depth, color) = ((int)file.Number(Body + 8, 1), file.Number(Body + 9, 1));
        if (file.Number(Body + 12, 1) != 0 && file.Number(Body, 4) < SmallestInterlaced)
        {
            throw PictureFormats.Malformed(name, $"is interlaced and has fewer than {SmallestInterlaced} columns, which the decoder does not end with; save it without interlacing");
        }

        // Interlaced pictures store a little more.
        var rowBytes = (((double)file.Number(Body, 4) * Channels(color) * depth) + 7) / 8;
        return new(1, 1, color is 0 or 4, Math.Max(depth, 8), (long)Math.Min(rowBytes * file.Number(Body + 4, 4), long.MaxValue / 2));
    }
}
