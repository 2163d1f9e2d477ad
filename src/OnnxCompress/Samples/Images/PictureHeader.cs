using OnnxCompress.Diagnostics;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Jpeg;

namespace OnnxCompress.Samples.Images;

/// <summary>What a picture claims to be, checked before anything is made room for.</summary>
/// <param name="Height">Rows when it stands upright.</param>
/// <param name="Width">Columns when it stands upright.</param>
/// <param name="IsGrey">Whether pixels are stored as one value, alpha apart.</param>
/// <param name="IsWide">Whether values are 0 to 65535 and not 0 to 255.</param>
/// <param name="Orientation">The EXIF orientation, 1 to 8.</param>
internal sealed record PictureHeader(int Height, int Width, bool IsGrey, bool IsWide, int Orientation)
{
    /// <summary>Deflate cannot expand further than this; what claims more is a fraud.</summary>
    private const long MostExpansion = 1040;

    /// <summary>A block of 8 x 8 pixels takes one bit or more in JPEG.</summary>
    private const long MostJpegPixelsInByte = 512;

    /// <summary>Values of more bits are measurements and no pictures.</summary>
    private const int MostBits = 16;

    /// <summary>Reads the header of a file.</summary>
    /// <exception cref="OnnxCompressException">OCX3001: not readable; OCX3002: no picture, several in one, or more pixels than are read.</exception>
    public static PictureHeader ReadFile(string path)
    {
        using var stream = PictureFiles.Open(path);
        return PictureFiles.Guarded(path, () => Read(stream, path));
    }

    /// <summary>Reads the header in a stream that can seek. What the decoder itself says of the size is what counts.</summary>
    /// <exception cref="OnnxCompressException">OCX3002.</exception>
    public static PictureHeader Read(Stream stream, string name)
    {
        stream.Position = 0;
        var format = PictureFormats.Guarded(name, () => Image.DetectFormat(PictureFormats.Decoders, stream))
            ?? throw PictureFormats.Malformed(name, $"is no picture in one of the formats {PictureFormats.Known}");
        var container = PictureContainer.Read(format, new PictureBytes(stream, 0, stream.Length), name);
        Check(container, name);
        stream.Position = 0;
        var (width, height) = PictureFormats.Guarded(name, () => Image.Identify(PictureFormats.Decoders, stream) is { } info ? (info.Width, info.Height) : (0, 0));
        if (width <= 0 || height <= 0 || (long)width * height > PictureFormats.MostPixels)
        {
            throw PictureFormats.Malformed(name, $"claims {width} x {height} pixels; 1 to {PictureFormats.MostPixels} pixels are read");
        }

        if (container.StoredBytes > (stream.Length * MostExpansion) + 1024
            || (format is JpegFormat && (long)width * height > stream.Length * MostJpegPixelsInByte))
        {
            throw PictureFormats.Malformed(name, $"claims {width} x {height} pixels in {stream.Length} bytes, more than they can hold");
        }

        var isTurned = container.Orientation >= 5;
        return new(isTurned ? width : height, isTurned ? height : width, container.IsGrey, container.BitsPerChannel > 8, container.Orientation);
    }

    /// <summary>Refuses a file that ends early where the decoder would make up the rest.</summary>
    /// <param name="file">All bytes; their header was read.</param>
    /// <param name="name">For messages.</param>
    /// <exception cref="OnnxCompressException">OCX3002.</exception>
    public void RequireWhole(byte[] file, string name)
    {
        if (file.AsSpan().StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8]))
        {
            JpegSegments.RequireWhole(file, (long)Height * Width, name);
        }
        else if (file.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P']))
        {
            PngChunks.RequireWhole(file, name);
        }
    }

    private static void Check(PictureContainer container, string name)
    {
        if (container.Frames != 1)
        {
            throw PictureFormats.Malformed(name, $"holds {container.Frames} frames or pages; save the one that is meant as a picture of its own");
        }

        if (container.BitsPerChannel > MostBits)
        {
            throw PictureFormats.Malformed(name, $"has values of more than {MostBits} bits, or floating-point ones; convert it to 8 or 16 bits, or save an .npy");
        }
    }
}
