using OnnxCompress.Diagnostics;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Tiff;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.Memory;
using SixLabors.ImageSharp.Metadata;

namespace OnnxCompress.Samples.Images;

/// <summary>Which pictures are read, and within which limits.</summary>
internal static class PictureFormats
{
    /// <summary>More pixels than this are refused: no model sees so many, and a few bytes could claim them.</summary>
    public const int MostPixels = 1 << 25;

    /// <summary>Bytes that a file may have.</summary>
    public const long LargestFile = 1L << 28;

    /// <summary>What the formats are called in messages.</summary>
    public const string Known = ".jpg, .png, .webp, .bmp and .tiff";

    /// <summary>The largest pixel that is decoded to: four channels of 16 bits.</summary>
    private const int LargestPixelBytes = 8;

    private static readonly string[] Extensions = [".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"];

    /// <summary>
    /// Decoders of these formats and no others, that leave text, colour profiles and thumbnails alone and take no buffer
    /// larger than the largest picture. One thread: pictures are many, and results must not depend on how rows are shared out.
    /// </summary>
    public static Configuration Decoders { get; } = CreateDecoders();

    /// <summary>Whether a file is a picture by its name. What it really is, its first bytes say.</summary>
    public static bool IsPicture(string path) => Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Calls a decoder. Whatever it throws over a file of unknown origin says that the file cannot be decoded.</summary>
    /// <exception cref="OnnxCompressException">OCX3002.</exception>
    public static T Guarded<T>(string name, Func<T> decode)
    {
        try
        {
            return decode();
        }
        catch (Exception failure) when (failure is not (OnnxCompressException or OperationCanceledException or OutOfMemoryException or IOException))
        {
            var reason = failure is InvalidMemoryOperationException ? "it asks for more memory than a picture takes" : failure.Message.ReplaceLineEndings(" ");
            throw new OnnxCompressException(DiagnosticCodes.DataMalformed, $"The picture '{name}' cannot be decoded: {reason}", failure);
        }
    }

    /// <summary>A file that cannot be read as a picture.</summary>
    public static OnnxCompressException Malformed(string name, string what) => new(DiagnosticCodes.DataMalformed, $"'{name}' {what}.");

    private static Configuration CreateDecoders()
    {
        const int Mebibyte = 1 << 20;
        var configuration = new Configuration
        {
            MaxDegreeOfParallelism = 1,
            MemoryAllocator = MemoryAllocator.Create(new MemoryAllocatorOptions
            {
                AllocationLimitMegabytes = (int)((long)MostPixels * LargestPixelBytes / Mebibyte) + 32,
                MaximumPoolSizeMegabytes = 64,
            }),
        };
        var formats = configuration.ImageFormatsManager;
        Add(JpegFormat.Instance, new JpegImageFormatDetector(), new JpegDecoder { IgnoreMetadata = true });
        Add(PngFormat.Instance, new PngImageFormatDetector(), new PngDecoder { IgnoreMetadata = true });
        Add(WebpFormat.Instance, new WebpImageFormatDetector(), new WebpDecoder { IgnoreMetadata = true });
        Add(BmpFormat.Instance, new BmpImageFormatDetector(), new BmpDecoder());
        Add(TiffFormat.Instance, new TiffImageFormatDetector(), new TiffDecoder { IgnoreMetadata = true, DecodingMode = FrameDecodingMode.First });
        return configuration;

        void Add(IImageFormat format, IImageFormatDetector detector, IImageDecoder decoder)
        {
            formats.AddImageFormat(format);
            formats.AddImageFormatDetector(detector);
            formats.SetDecoder(format, decoder);
        }
    }
}
