using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace OnnxCompress.Testing;

/// <summary>Makes PNG files, sound ones and others.</summary>
public static class PngBytes
{
    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    /// <summary>A file whose rows use the filters 0 to 4 in turn.</summary>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="colorType">0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.</param>
    /// <param name="depth">Bits of a stored value.</param>
    /// <param name="values">Stored values, row by row, all channels of a pixel together.</param>
    /// <param name="palette">Red, green and blue of each entry.</param>
    /// <param name="interlaced">Whether rows are stored in the seven passes of Adam7.</param>
    public static byte[] Of(int width, int height, byte colorType, byte depth, int[] values, byte[]? palette = null, bool interlaced = false)
    {
        var channels = colorType switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        using var rows = new MemoryStream();
        (int X0, int Y0, int Dx, int Dy)[] passes = interlaced
            ? [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
            : [(0, 0, 1, 1)];
        foreach (var (x0, y0, dx, dy) in passes)
        {
            var previous = Array.Empty<byte>();
            for (var y = y0; y < height && x0 < width; y += dy)
            {
                var bits = new StringBuilder();
                for (var x = x0; x < width; x += dx)
                {
                    for (var channel = 0; channel < channels; channel++)
                    {
                        bits.Append(Convert.ToString(values[(((y * width) + x) * channels) + channel], 2).PadLeft(depth, '0'));
                    }
                }

                var row = Enumerable.Range(0, (bits.Length + 7) / 8).Select(i => Convert.ToByte(bits.ToString(8 * i, Math.Min(8, bits.Length - (8 * i))).PadRight(8, '0'), 2)).ToArray();
                previous = previous.Length == 0 ? new byte[row.Length] : previous;
                rows.Write(Filtered(row, previous, (byte)(y / dy % 5), Math.Max(1, channels * depth / 8)));
                previous = row;
            }
        }

        return Assemble(Header(width, height, depth, colorType, interlaced), palette, Deflate(rows.ToArray()));
    }

    /// <summary>A file of any header and any compressed rows.</summary>
    public static byte[] Assemble(byte[] header, byte[]? palette, byte[] packed) =>
        [.. Signature, .. Chunk("IHDR", header), .. palette is null ? [] : Chunk("PLTE", palette), .. Chunk("IDAT", packed), .. Chunk("IEND", [])];

    /// <summary>The body of the header chunk.</summary>
    public static byte[] Header(int width, int height, byte depth, byte colorType, bool interlaced)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9], header[12]) = (depth, colorType, (byte)(interlaced ? 1 : 0));
        return header;
    }

    /// <summary>Compresses rows.</summary>
    public static byte[] Deflate(byte[] rows)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            zlib.Write(rows);
        }

        return packed.ToArray();
    }

    /// <summary>A chunk with its length and checksum.</summary>
    public static byte[] Chunk(string type, byte[] body)
    {
        byte[] named = [.. Encoding.ASCII.GetBytes(type), .. body];
        var (length, crc) = (new byte[4], new byte[4]);
        BinaryPrimitives.WriteInt32BigEndian(length, body.Length);
        var remainder = uint.MaxValue;
        foreach (var value in named)
        {
            remainder ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                remainder = (remainder & 1) == 0 ? remainder >> 1 : (remainder >> 1) ^ 0xEDB88320;
            }
        }

        BinaryPrimitives.WriteUInt32BigEndian(crc, ~remainder);
        return [.. length, .. named, .. crc];
    }

    private static byte[] Filtered(byte[] row, byte[] previous, byte filter, int distance)
    {
        var stored = new byte[row.Length + 1];
        stored[0] = filter;
        for (var i = 0; i < row.Length; i++)
        {
            int a = i >= distance ? row[i - distance] : 0, b = previous[i], c = i >= distance ? previous[i - distance] : 0;
            var p = a + b - c;
            int[] near = [Math.Abs(p - a), Math.Abs(p - b), Math.Abs(p - c)];
            var paeth = near[0] <= near[1] && near[0] <= near[2] ? a : near[1] <= near[2] ? b : c;
            stored[i + 1] = unchecked((byte)(row[i] - (filter switch { 0 => 0, 1 => a, 2 => b, 3 => (a + b) / 2, _ => paeth })));
        }

        return stored;
    }
}
