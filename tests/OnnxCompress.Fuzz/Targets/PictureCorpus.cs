using OnnxCompress.Fuzz.Mutations;
using OnnxCompress.Models;
using OnnxCompress.Testing;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Tiff;
using SixLabors.ImageSharp.Formats.Tiff.Constants;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.Metadata.Profiles.Exif;
using SixLabors.ImageSharp.PixelFormats;

namespace OnnxCompress.Fuzz.Targets;

/// <summary>One target for each format of pictures: small sound ones with an orientation, changed in a few bytes.</summary>
internal static class PictureCorpus
{
    /// <summary>All of them, feeding one input.</summary>
    public static IEnumerable<FuzzTarget> Create(TensorInfo input) =>
    [
        new DataTarget(".jpg", random => Changed(random, new JpegEncoder { Quality = 1 + random.Next(100), ColorType = (JpegColorType)random.Next(4) }), input),
        new DataTarget(".png", random => random.Next(3) == 0 ? Changed(random, new PngEncoder()) : Png(random), input),
        new DataTarget(".webp", random => Changed(random, new WebpEncoder { FileFormat = (WebpFileFormatType)random.Next(2), Method = WebpEncodingMethod.Fastest }), input),
        new DataTarget(".bmp", random => Changed(random, new BmpEncoder { BitsPerPixel = random.Next(2) == 0 ? BmpBitsPerPixel.Pixel8 : BmpBitsPerPixel.Pixel24 }), input),
        new DataTarget(".tif", random => Changed(random, new TiffEncoder { Compression = Compressions[random.Next(Compressions.Length)] }), input),
    ];

    private static readonly TiffCompression[] Compressions = [TiffCompression.None, TiffCompression.Lzw, TiffCompression.Deflate, TiffCompression.PackBits, TiffCompression.Jpeg];

    private static byte[] Changed(Random random, IImageEncoder encoder)
    {
        using var image = new Image<Rgba32>(1 + random.Next(40), 1 + random.Next(40), new Rgba32((uint)random.NextInt64()));
        for (var dots = random.Next(200); dots > 0; dots--)
        {
            image[random.Next(image.Width), random.Next(image.Height)] = new Rgba32((uint)random.NextInt64());
        }

        var exif = new ExifProfile();
        exif.SetValue(ExifTag.Orientation, (ushort)random.Next(10));
        image.Metadata.ExifProfile = exif;
        image.Frames.RootFrame.Metadata.ExifProfile = exif;
        using var file = new MemoryStream();
        image.Save(file, encoder);
        return random.Next(4) == 0 ? file.ToArray() : RawBytes.Mutate(file.ToArray(), random);
    }

    private static byte[] Png(Random random)
    {
        byte colorType = (byte)random.Next(7), depth = (byte)(1 << random.Next(6));
        byte[] made;
        if (random.Next(2) == 0)
        {
            var (width, height) = (1 + random.Next(9), 1 + random.Next(9));
            made = PngBytes.Of(width, height, 2, 8, [.. Enumerable.Range(0, width * height * 3).Select(_ => random.Next(256))], interlaced: random.Next(2) == 0);
        }
        else
        {
            var header = PngBytes.Header(unchecked((int)Numbers.Integer(random)), unchecked((int)Numbers.Integer(random)), depth, colorType, random.Next(2) == 0);
            var rows = new byte[random.Next(1 << random.Next(16))];
            made = PngBytes.Assemble(header, random.Next(2) == 0 ? new byte[random.Next(800)] : null, PngBytes.Deflate(rows));
        }

        return random.Next(2) == 0 ? made : RawBytes.Mutate(made, random);
    }
}
