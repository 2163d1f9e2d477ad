using System.Buffers.Binary;
using System.IO.Compression;

namespace OnnxCompress.Testing;

/// <summary>Small files with large claims, and pictures whose containers say odd things.</summary>
public static class HostilePictures
{
    /// <summary>A picture that claims so many pixels and has next to none of them.</summary>
    /// <param name="extension">With its dot.</param>
    /// <param name="width">Columns; up to 16,384 for WebP, 65,535 for JPEG.</param>
    /// <param name="height">Rows.</param>
    public static byte[] Claiming(string extension, int width, int height) => extension switch
    {
        ".jpg" => Jpeg(width, height),
        ".webp" => Webp(width, height),
        ".bmp" => Bmp(width, height),
        ".tif" => Tiff([(254, 4, 1, 0), (256, 4, 1, (uint)width), (257, 4, 1, (uint)height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, (uint)height), (279, 4, 1, 16)]),
        _ => PngBytes.Assemble(PngBytes.Header(width, height, 8, 6, interlaced: false), null, PngBytes.Deflate(new byte[100])),
    };

    /// <summary>A little-endian TIFF file of one directory, which leads on to <paramref name="next"/>, and 32 bytes behind it.</summary>
    public static byte[] Tiff((ushort Tag, ushort Type, uint Count, uint Value)[] entries, uint next = 0)
    {
        var file = new byte[8 + 2 + (12 * entries.Length) + 4 + 32];
        "II*\0"u8.CopyTo(file);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(4), 8);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(8), (ushort)entries.Length);
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = file.AsSpan(10 + (12 * i));
            BinaryPrimitives.WriteUInt16LittleEndian(entry, entries[i].Tag);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[2..], entries[i].Type);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], entries[i].Count);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], entries[i].Value);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(10 + (12 * entries.Length)), next);
        return file;
    }

    /// <summary>A WebP file of any chunks.</summary>
    public static byte[] Riff(params (string Name, byte[] Body)[] chunks)
    {
        byte[] content = [.. "WEBP"u8, .. chunks.SelectMany(chunk => (byte[])[.. chunk.Name.Select(c => (byte)c), .. Little((uint)chunk.Body.Length), .. chunk.Body, .. new byte[chunk.Body.Length & 1]])];
        return [.. "RIFF"u8, .. Little((uint)content.Length), .. content];
    }

    /// <summary>A PNG file with a chunk behind its header.</summary>
    public static byte[] WithChunk(byte[] png, string type, byte[] body)
    {
        const int BehindHeader = 8 + 12 + 13;
        return [.. png[..BehindHeader], .. PngBytes.Chunk(type, body), .. png[BehindHeader..]];
    }

    /// <summary>The body of a compressed text chunk: so many zeros.</summary>
    public static byte[] CompressedText(int zeros)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            zlib.Write(new byte[zeros]);
        }

        return [.. "note\0\0"u8, .. packed.ToArray()];
    }

    private static byte[] Jpeg(int width, int height) =>
    [
        0xFF, 0xD8, 0xFF, 0xC0, 0, 17, 8, (byte)(height >> 8), (byte)height, (byte)(width >> 8), (byte)width, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0,
        0xFF, 0xDA, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0, 0, 0xFF, 0xD9,
    ];

    // VP8L: a mark, 14 bits of width - 1, 14 of height - 1, alpha, version.
    private static byte[] Webp(int width, int height) =>
        Riff(("VP8L", [0x2F, .. Little((uint)(width - 1) | ((uint)(height - 1) << 14)), .. new byte[20]]));

    private static byte[] Bmp(int width, int height)
    {
        var file = new byte[54 + 16];
        "BM"u8.CopyTo(file);
        Little((uint)file.Length).CopyTo(file, 2);
        Little(54).CopyTo(file, 10);
        Little(40).CopyTo(file, 14);
        Little((uint)width).CopyTo(file, 18);
        Little((uint)height).CopyTo(file, 22);
        (file[26], file[28]) = (1, 24);
        return file;
    }

    private static byte[] Little(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }
}
