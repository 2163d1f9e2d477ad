using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.PixelFormats;

namespace OnnxCompress.Reporting.Shown;

/// <summary>Writes pixels as PNG.</summary>
internal static class PngPicture
{
    // Pages hold several; they are small and written once.
    private static readonly PngEncoder Encoder = new() { CompressionLevel = PngCompressionLevel.BestCompression, IgnoreMetadata = true };

    /// <summary>The file.</summary>
    /// <param name="pixels">Row after row, the channels of a pixel beside each other.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="channels">1: grey; 3: red, green, blue; 4: and alpha.</param>
    public static byte[] Write(ReadOnlySpan<byte> pixels, int width, int channels)
    {
        var height = pixels.Length / (width * channels);
        using Image image = channels switch
        {
            1 => Image.LoadPixelData<L8>(pixels, width, height),
            3 => Image.LoadPixelData<Rgb24>(pixels, width, height),
            _ => Image.LoadPixelData<Rgba32>(pixels, width, height),
        };
        using var png = new MemoryStream();
        image.Save(png, Encoder);
        return png.ToArray();
    }
}
