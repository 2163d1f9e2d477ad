using OnnxCompress.Samples;
using OnnxCompress.Samples.Images;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Tiff;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.Metadata.Profiles.Exif;
using SixLabors.ImageSharp.PixelFormats;

namespace OnnxCompress.Tests.Samples.Pictures;

/// <summary>Sound pictures in every format, and what is read from them.</summary>
internal static class EncodedPictures
{
    public static readonly string[] Extensions = [".jpg", ".png", ".webp", ".bmp", ".tif"];

    /// <summary>A picture of blocks of 8 x 8 equal pixels, which JPEG keeps nearly as they are.</summary>
    /// <param name="extension">The format.</param>
    /// <param name="blocks">Colours, row by row.</param>
    /// <param name="orientation">For EXIF; 0 leaves it out.</param>
    public static byte[] Of(string extension, Rgb24[,] blocks, ushort orientation = 0)
    {
        using var image = new Image<Rgb24>(8 * blocks.GetLength(1), 8 * blocks.GetLength(0));
        for (var y = 0; y < image.Height; y++)
        {
            for (var x = 0; x < image.Width; x++)
            {
                image[x, y] = blocks[y / 8, x / 8];
            }
        }

        if (orientation > 0)
        {
            var exif = new ExifProfile();
            exif.SetValue(ExifTag.Orientation, orientation);
            image.Metadata.ExifProfile = exif;
            image.Frames.RootFrame.Metadata.ExifProfile = exif;
        }

        return Encode(image, extension);
    }

    public static byte[] Encode(Image image, string extension)
    {
        IImageEncoder encoder = extension switch
        {
            ".jpg" => new JpegEncoder { Quality = 100, ColorType = JpegColorType.YCbCrRatio444 },
            ".png" => new PngEncoder(),
            ".webp" => new WebpEncoder { FileFormat = WebpFileFormatType.Lossless },
            ".bmp" => new BmpEncoder(),
            _ => new TiffEncoder(),
        };
        using var file = new MemoryStream();
        image.Save(file, encoder);
        return file.ToArray();
    }

    public static Rgb24[,] Colours(int rows, int columns)
    {
        var blocks = new Rgb24[rows, columns];
        for (var i = 0; i < blocks.Length; i++)
        {
            blocks[i / columns, i % columns] = new((byte)(20 + (i * 29)), (byte)(230 - (i * 17)), (byte)(40 + (i * 53 % 180)));
        }

        return blocks;
    }

    public static PictureHeader Header(byte[] file, string name = "a")
    {
        using var stream = new MemoryStream(file);
        return PictureHeader.Read(stream, name);
    }

    /// <summary>Channels, rows, columns; 8 bits.</summary>
    public static byte[] Decode(byte[] file, int channels, Preprocessing? preparation = null, int? height = null, int? width = null)
    {
        var header = Header(file);
        var values = new byte[channels * (height ?? header.Height) * (width ?? header.Width)];
        new PictureDecoder(channels, isWide: false, preparation ?? Preprocessing.None).Decode(file, "a", height ?? header.Height, width ?? header.Width, values);
        return values;
    }

    /// <summary>Channels, rows, columns; 16 bits.</summary>
    public static ushort[] DecodeWide(byte[] file, int channels)
    {
        var header = Header(file);
        var values = new ushort[channels * header.Height * header.Width];
        new PictureDecoder(channels, isWide: true, Preprocessing.None).Decode(
            file, "a", header.Height, header.Width, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }
}
