using System.Buffers.Binary;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Calibration.Data.Images;

/// <summary>The first chunk of a PNG file (ISO/IEC 15948, 11.2.2): what the picture claims to be, checked before anything is allocated.</summary>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
/// <param name="BitDepth">Bits of one stored value: 1, 2, 4, 8 or 16.</param>
/// <param name="ColorType">0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.</param>
/// <param name="Interlaced">Whether rows come in seven passes (Adam7).</param>
internal sealed record PngHeader(int Height, int Width, int BitDepth, int ColorType, bool Interlaced)
{
    /// <summary>Bytes of signature and header chunk.</summary>
    public const int Bytes = 33;

    /// <summary>More pixels than this are refused: no model sees so many, and a few bytes could claim them.</summary>
    public const int MostPixels = 1 << 25;

    /// <summary>Deflate cannot expand further than this; what claims more is a fraud.</summary>
    private const long MostExpansion = 1040;

    private static readonly byte[] Signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    /// <summary>Values stored for each pixel.</summary>
    public int StoredChannels => ColorType switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };

    /// <summary>Channels of the decoded picture.</summary>
    public int Channels => ColorType == 3 ? 3 : StoredChannels;

    /// <summary>The largest decoded value.</summary>
    public ushort Largest => BitDepth == 16 ? ushort.MaxValue : byte.MaxValue;

    /// <summary>Reads the header of a file.</summary>
    /// <exception cref="OnnxCompressException">OCX3002: no PNG file, or one that is not read.</exception>
    public static PngHeader ReadFile(string path)
    {
        using var stream = InputFile.OpenRead(path);
        Span<byte> start = stackalloc byte[Bytes];
        var read = stream.ReadAtLeast(start, Bytes, throwOnEndOfStream: false);
        var header = Parse(start[..read], path);
        // Whoever reads headers alone makes room for the pictures by them.
        header.RequireRoom(stream.Length, path);
        return header;
    }

    /// <summary>Refuses a picture that claims more than so many bytes can hold.</summary>
    /// <exception cref="OnnxCompressException">OCX3002.</exception>
    public void RequireRoom(long packedBytes, string name)
    {
        if (PngPass.Of(this).Sum(pass => pass.StoredBytes) > (packedBytes * MostExpansion) + 1024)
        {
            throw Malformed(name, $"claims {Width} x {Height} pixels in {packedBytes} bytes, more than they can hold");
        }
    }

    /// <summary>Reads the header at the start of a file's bytes.</summary>
    /// <exception cref="OnnxCompressException">OCX3002.</exception>
    public static PngHeader Parse(ReadOnlySpan<byte> file, string name)
    {
        if (!file.StartsWith(Signature))
        {
            throw Malformed(name, "is not a PNG file");
        }

        if (file.Length < Bytes || !file[12..16].SequenceEqual("IHDR"u8) || BinaryPrimitives.ReadInt32BigEndian(file[8..]) != 13)
        {
            throw Malformed(name, "ends before its PNG header, or begins with something else");
        }

        var (width, height) = (BinaryPrimitives.ReadUInt32BigEndian(file[16..]), BinaryPrimitives.ReadUInt32BigEndian(file[20..]));
        if (width == 0 || height == 0 || width > int.MaxValue || height > int.MaxValue || (long)width * height > MostPixels)
        {
            throw Malformed(name, $"claims {width} x {height} pixels; 1 to {MostPixels} pixels are read");
        }

        var (depth, color) = (file[24], file[25]);
        var valid = color switch { 0 => depth is 1 or 2 or 4 or 8 or 16, 3 => depth is 1 or 2 or 4 or 8, 2 or 4 or 6 => depth is 8 or 16, _ => false };
        return valid && file[26] == 0 && file[27] == 0 && file[28] <= 1
            ? new((int)height, (int)width, depth, color, file[28] == 1)
            : throw Malformed(name, $"has colour type {color} with {depth} bits, compression {file[26]}, filter {file[27]}, interlace {file[28]}, which PNG does not know");
    }

    /// <summary>A file that cannot be read as PNG.</summary>
    public static OnnxCompressException Malformed(string name, string what) => new(DiagnosticCodes.DataMalformed, $"'{name}' {what}.");
}
