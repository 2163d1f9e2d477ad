using System.Buffers.Binary;

namespace OnnxCompress.Calibration.Data.Images;

/// <summary>One pass over a PNG picture: all of it, or one of the seven of Adam7 (ISO/IEC 15948, 8).</summary>
internal sealed class PngPass
{
    private readonly PngHeader _header;
    private readonly (int X, int Y) _first;
    private readonly (int X, int Y) _step;
    private readonly (int Width, int Height) _size;
    private readonly int _rowBytes;

    private PngPass(PngHeader header, (int X, int Y) first, (int X, int Y) step)
    {
        (_header, _first, _step) = (header, first, step);
        _size = ((header.Width - first.X + step.X - 1) / step.X, (header.Height - first.Y + step.Y - 1) / step.Y);
        _rowBytes = (int)((((long)_size.Width * header.StoredChannels * header.BitDepth) + 7) / 8);
    }

    /// <summary>Bytes that the pass takes before compression: a filter byte and the values of each row.</summary>
    public long StoredBytes => _size.Height * (1L + _rowBytes);

    /// <summary>The passes of a picture that are not empty.</summary>
    public static IEnumerable<PngPass> Of(PngHeader header)
    {
        if (!header.Interlaced)
        {
            return [new(header, (0, 0), (1, 1))];
        }

        ((int X, int Y) First, (int X, int Y) Step)[] adam7 =
        [
            ((0, 0), (8, 8)), ((4, 0), (8, 8)), ((0, 4), (4, 8)), ((2, 0), (4, 4)), ((0, 2), (2, 4)), ((1, 0), (2, 2)), ((0, 1), (1, 2)),
        ];
        return adam7.Select(pass => new PngPass(header, pass.First, pass.Step)).Where(pass => pass._size is { Width: > 0, Height: > 0 });
    }

    /// <summary>Reads the pass's rows and puts their pixels in place.</summary>
    public void Read(Stream rows, PixelImage image, ReadOnlySpan<byte> palette, string name)
    {
        var bytesPerPixel = Math.Max(1, _header.StoredChannels * _header.BitDepth / 8);
        var (row, previous) = (new byte[_rowBytes + 1], new byte[_rowBytes + 1]);
        for (var y = 0; y < _size.Height; y++)
        {
            if (rows.ReadAtLeast(row, row.Length, throwOnEndOfStream: false) < row.Length)
            {
                throw PngHeader.Malformed(name, "is damaged: it holds fewer rows than its header says");
            }

            Unfilter(row, previous, bytesPerPixel, name);
            Place(row.AsSpan(1), image, palette, _first.Y + (y * _step.Y), name);
            (row, previous) = (previous, row);
        }
    }

    // ISO/IEC 15948, 9: each byte was stored as the difference to a prediction from its left, upper and upper left neighbour.
    private static void Unfilter(byte[] row, byte[] previous, int distance, string name)
    {
        var filter = row[0];
        for (var i = 1; i < row.Length; i++)
        {
            var left = i > distance ? row[i - distance] : 0;
            var up = previous[i];
            var upLeft = i > distance ? previous[i - distance] : 0;
            row[i] += filter switch
            {
                0 => 0,
                1 => (byte)left,
                2 => up,
                3 => (byte)((left + up) / 2),
                4 => Paeth(left, up, upLeft),
                _ => throw PngHeader.Malformed(name, $"is damaged: a row has the filter {filter}"),
            };
        }

        row[0] = 0;
    }

    private static byte Paeth(int left, int up, int upLeft)
    {
        var estimate = left + up - upLeft;
        var (toLeft, toUp, toUpLeft) = (Math.Abs(estimate - left), Math.Abs(estimate - up), Math.Abs(estimate - upLeft));
        return (byte)(toLeft <= toUp && toLeft <= toUpLeft ? left : toUp <= toUpLeft ? up : upLeft);
    }

    private void Place(ReadOnlySpan<byte> stored, PixelImage image, ReadOnlySpan<byte> palette, int y, string name)
    {
        for (var x = 0; x < _size.Width; x++)
        {
            var target = image.Values.AsSpan(((y * image.Width) + _first.X + (x * _step.X)) * image.Channels, image.Channels);
            for (var channel = 0; channel < _header.StoredChannels; channel++)
            {
                var value = Value(stored, (x * _header.StoredChannels) + channel);
                if (_header.ColorType == 3)
                {
                    if (3 * value >= palette.Length)
                    {
                        throw PngHeader.Malformed(name, $"uses entry {value} of a palette with {palette.Length / 3}");
                    }

                    (target[0], target[1], target[2]) = (palette[3 * value], palette[(3 * value) + 1], palette[(3 * value) + 2]);
                }
                else
                {
                    // Fewer than 8 bits are spread over 0 to 255: white stays white.
                    target[channel] = (ushort)(_header.BitDepth < 8 ? value * 255 / ((1 << _header.BitDepth) - 1) : value);
                }
            }
        }
    }

    private int Value(ReadOnlySpan<byte> stored, int index)
    {
        var depth = _header.BitDepth;
        return depth switch
        {
            16 => BinaryPrimitives.ReadUInt16BigEndian(stored[(2 * index)..]),
            8 => stored[index],
            _ => (stored[index * depth / 8] >> (8 - depth - (index * depth % 8))) & ((1 << depth) - 1),
        };
    }
}
