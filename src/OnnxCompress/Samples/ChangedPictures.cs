using System.Runtime.InteropServices;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>The pixels of a tensor of pictures, <c>[N,C,H,W]</c> or <c>[N,H,W,C]</c> of any element type, moved to other places.</summary>
/// <param name="Planes">Planes of pixels in one sample: the channels, or 1 where they lie in the pixel.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
/// <param name="PixelBytes">Bytes of a pixel in a plane.</param>
internal readonly record struct ChangedPictures(int Planes, int Height, int Width, int PixelBytes)
{
    /// <summary>Channels that a picture may have: grey, colours, colours with opacity.</summary>
    private static readonly long[] Channels = [1, 3, 4];

    /// <summary>The layout of a tensor; null where it holds no pictures.</summary>
    public static ChangedPictures? Of(HostTensor tensor)
    {
        var (dims, size) = (tensor.Dims, tensor.Type.SizeInBytes());
        return tensor.BatchAxis != 0 || dims.Count != 4 || dims.Any(d => d is < 1 or > int.MaxValue) ? null
            : Channels.Contains(dims[1]) ? new((int)dims[1], (int)dims[2], (int)dims[3], size)
            : Channels.Contains(dims[3]) ? new(1, (int)dims[1], (int)dims[2], (int)dims[3] * size)
            : null;
    }

    /// <summary>Bytes of one sample.</summary>
    public int SampleBytes => checked(Planes * Height * Width * PixelBytes);

    /// <summary>Reverses each row of a sample, in place.</summary>
    public void Flip(Span<byte> sample)
    {
        for (var row = 0; row < Planes * Height; row++)
        {
            var pixels = sample.Slice(row * Width * PixelBytes, Width * PixelBytes);
            switch (PixelBytes)
            {
                case sizeof(byte):
                    pixels.Reverse();
                    break;
                case sizeof(float):
                    MemoryMarshal.Cast<byte, float>(pixels).Reverse();
                    break;
                default:
                    Swap(pixels);
                    break;
            }
        }
    }

    /// <summary>Moves a sample; what comes from beyond an edge is the edge.</summary>
    /// <param name="sample">The sample, in place.</param>
    /// <param name="down">Rows, down where positive.</param>
    /// <param name="right">Columns, to the right where positive.</param>
    public void Move(Span<byte> sample, int down, int right)
    {
        var rowBytes = Width * PixelBytes;
        for (var plane = 0; plane < Planes; plane++)
        {
            var rows = sample.Slice(plane * Height * rowBytes, Height * rowBytes);
            // From the side that the rows move to, so that none is read after it was written.
            for (var i = 0; i < Height; i++)
            {
                var row = down > 0 ? Height - 1 - i : i;
                var from = Math.Clamp(row - down, 0, Height - 1);
                rows.Slice(from * rowBytes, rowBytes).CopyTo(rows.Slice(row * rowBytes, rowBytes));
            }

            for (var row = 0; row < Height; row++)
            {
                Along(rows.Slice(row * rowBytes, rowBytes), right);
            }
        }
    }

    private void Along(Span<byte> row, int right)
    {
        var shift = Math.Abs(right) * PixelBytes;
        var (from, to) = right > 0 ? (0, shift) : (shift, 0);
        row.Slice(from, row.Length - shift).CopyTo(row[to..]);
        // The edge is copied, and stands where it was as well.
        var edge = right > 0 ? row[..PixelBytes] : row[^PixelBytes..];
        for (var at = right > 0 ? PixelBytes : row.Length - shift; at < (right > 0 ? shift : row.Length - PixelBytes); at += PixelBytes)
        {
            edge.CopyTo(row[at..]);
        }
    }

    private void Swap(Span<byte> pixels)
    {
        for (var (left, right) = (0, pixels.Length - PixelBytes); left < right; (left, right) = (left + PixelBytes, right - PixelBytes))
        {
            for (var i = 0; i < PixelBytes; i++)
            {
                (pixels[left + i], pixels[right + i]) = (pixels[right + i], pixels[left + i]);
            }
        }
    }
}
