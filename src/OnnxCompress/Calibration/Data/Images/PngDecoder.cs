using System.Buffers.Binary;
using System.IO.Compression;
using OnnxCompress.Models;

namespace OnnxCompress.Calibration.Data.Images;

/// <summary>
/// Decodes PNG files (ISO/IEC 15948): every colour type and bit depth, interlaced or not. Nothing is allocated that the
/// header's checked size does not account for, so that a small file cannot claim much memory.
/// </summary>
internal static class PngDecoder
{
    /// <summary>Bytes that a file may have.</summary>
    public const long LargestFile = 1L << 28;

    private static readonly uint[] CrcTable = [.. Enumerable.Range(0, 256).Select(n => Enumerable.Range(0, 8).Aggregate((uint)n, (c, _) => (c & 1) == 0 ? c >> 1 : 0xEDB88320 ^ (c >> 1)))];

    /// <summary>Decodes a file.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX3002: damaged, or not PNG.</exception>
    public static PixelImage DecodeFile(string path)
    {
        var length = new FileInfo(path).Length;
        return length <= LargestFile
            ? Decode(InputFile.ReadAllBytes(path, LargestFile), path)
            : throw PngHeader.Malformed(path, $"is {length} bytes long; PNG files up to {LargestFile} bytes are read");
    }

    /// <summary>Decodes a file's bytes.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX3002.</exception>
    public static PixelImage Decode(byte[] file, string name)
    {
        var header = PngHeader.Parse(file, name);
        var (palette, packed) = ReadChunks(file, header, name);
        PngPass[] passes = [.. PngPass.Of(header)];
        header.RequireRoom(packed.Length, name);
        var image = new PixelImage(header.Height, header.Width, header.Channels, header.Largest, new ushort[header.Height * header.Width * header.Channels]);
        try
        {
            using var rows = new ZLibStream(packed, CompressionMode.Decompress);
            foreach (var pass in passes)
            {
                pass.Read(rows, image, palette, name);
            }
        }
        catch (InvalidDataException damaged)
        {
            throw new Diagnostics.OnnxCompressException(Diagnostics.DiagnosticCodes.DataMalformed, $"'{name}' is damaged: {damaged.Message}", damaged);
        }

        return image;
    }

    private static (byte[] Palette, MemoryStream Packed) ReadChunks(byte[] file, PngHeader header, string name)
    {
        var palette = Array.Empty<byte>();
        var packed = new MemoryStream();
        for (var position = 8; ;)
        {
            if (file.Length - position < 12)
            {
                throw PngHeader.Malformed(name, "ends in the middle: its last chunk is missing");
            }

            var length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(position));
            if (length > file.Length - position - 12)
            {
                throw PngHeader.Malformed(name, "ends in the middle of a chunk");
            }

            var body = file.AsSpan(position + 4, (int)length + 4);
            if (Crc(body) != BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(position + 8 + (int)length)))
            {
                throw PngHeader.Malformed(name, $"is damaged: a checksum does not match at byte {position}");
            }

            var type = body[..4];
            if (type.SequenceEqual("IDAT"u8))
            {
                packed.Write(body[4..]);
            }
            else if (type.SequenceEqual("PLTE"u8))
            {
                palette = body[4..].ToArray();
            }
            else if (type.SequenceEqual("IEND"u8))
            {
                break;
            }
            else if ((type[0] & 0x20) == 0 && !type.SequenceEqual("IHDR"u8))
            {
                throw PngHeader.Malformed(name, $"needs the PNG chunk '{System.Text.Encoding.Latin1.GetString(type)}', which is not known");
            }

            position += (int)length + 12;
        }

        if (header.ColorType == 3 && (palette.Length == 0 || palette.Length % 3 != 0 || palette.Length > 768))
        {
            throw PngHeader.Malformed(name, $"has a palette of {palette.Length} bytes");
        }

        packed.Position = 0;
        return (palette, packed);
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc = CrcTable[(crc ^ value) & 0xFF] ^ (crc >> 8);
        }

        return ~crc;
    }
}
