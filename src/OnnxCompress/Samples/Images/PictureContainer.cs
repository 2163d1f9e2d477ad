using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Tiff;
using SixLabors.ImageSharp.Formats.Webp;

namespace OnnxCompress.Samples.Images;

/// <summary>
/// What a file says around its pixels. The decoder is not asked for it: it would take every text, profile and directory of
/// the file into memory on the way, and it counts no frames.
/// </summary>
/// <param name="Frames">Pictures in the file: frames of an animation, or pages.</param>
/// <param name="Orientation">The EXIF orientation, 1 to 8; 1 is upright, and what is assumed where nothing is said.</param>
/// <param name="IsGrey">Whether pixels are stored as one value, alpha apart.</param>
/// <param name="BitsPerChannel">Bits of one stored value.</param>
/// <param name="StoredBytes">Bytes of the pixels before compression where the format tells; else 0.</param>
internal sealed record PictureContainer(int Frames, int Orientation, bool IsGrey, int BitsPerChannel, long StoredBytes = 0)
{
    /// <summary>Looks into a file; the pixels are passed over.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX3002: parts reach beyond the file, or contradict each other.</exception>
    public static PictureContainer Read(IImageFormat format, PictureBytes file, string name) => format switch
    {
        JpegFormat => JpegSegments.Read(file, name),
        PngFormat => PngChunks.Read(file, name),
        WebpFormat => WebpChunks.Read(file, name),
        TiffFormat => TiffPages.Read(file, name),
        BmpFormat => BmpPixels.Read(file, name),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format.Name, "A format without a reader of its container."),
    };
}
