using System.Runtime.InteropServices;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Advanced;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;
using SixLabors.ImageSharp.Processing.Processors.Transforms;

namespace OnnxCompress.Samples.Images;

/// <summary>
/// Decodes a picture and brings it to what a model is fed: upright, with the channels that are wanted, resized, cropped, channel
/// by channel. Colour profiles are not applied; CMYK becomes RGB by the product of colour and key.
/// </summary>
/// <param name="channels">1, 3 or 4: grey becomes three equal channels, colour becomes its luma; alpha is dropped where it is not
/// wanted, not blended, and full where it is missing.</param>
/// <param name="isWide">Whether values are 16 bits and not 8.</param>
/// <param name="preparation">Resizing and cropping.</param>
internal sealed class PictureDecoder(int channels, bool isWide, Preprocessing preparation)
{
    /// <summary>Decodes a file's bytes.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">For messages.</param>
    /// <param name="height">Rows that are expected.</param>
    /// <param name="width">Columns that are expected.</param>
    /// <param name="destination">Takes channels x height x width values of 8 or 16 bits.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX3002: damaged, or not what it was when its header was read.</exception>
    public void Decode(byte[] file, string name, int height, int width, Span<byte> destination)
    {
        using var stream = new MemoryStream(file, writable: false);
        var header = PictureHeader.Read(stream, name);
        header.RequireWhole(file, name);
        stream.Position = 0;
        using var image = PictureFormats.Guarded(name, () => Load(stream, header));
        if (image.Height != height || image.Width != width)
        {
            throw PictureFormats.Malformed(name, "changed its size while it was read");
        }

        switch (image)
        {
            case Image<L8> grey:
                Copy<L8, byte>(grey, 1, destination);
                break;
            case Image<Rgb24> colour:
                Copy<Rgb24, byte>(colour, 3, destination);
                break;
            case Image<Rgba32> withAlpha:
                Copy<Rgba32, byte>(withAlpha, 4, destination);
                break;
            case Image<L16> grey:
                Copy<L16, ushort>(grey, 1, MemoryMarshal.Cast<byte, ushort>(destination));
                break;
            case Image<Rgb48> colour:
                Copy<Rgb48, ushort>(colour, 3, MemoryMarshal.Cast<byte, ushort>(destination));
                break;
            case Image<Rgba64> withAlpha:
                Copy<Rgba64, ushort>(withAlpha, 4, MemoryMarshal.Cast<byte, ushort>(destination));
                break;
        }
    }

    private Image Load(Stream stream, PictureHeader header)
    {
        Image image = (channels, isWide) switch
        {
            (1, false) when header.IsGrey => Image.Load<L8>(PictureFormats.Decoders, stream),
            (1, true) when header.IsGrey => Image.Load<L16>(PictureFormats.Decoders, stream),
            (1, false) => Luma<Rgb24, L8>(stream, rgb => new(Luma(rgb.R, rgb.G, rgb.B))),
            (1, true) => Luma<Rgb48, L16>(stream, rgb => new(Luma16(rgb.R, rgb.G, rgb.B))),
            (3, false) => Image.Load<Rgb24>(PictureFormats.Decoders, stream),
            (3, true) => Image.Load<Rgb48>(PictureFormats.Decoders, stream),
            (_, false) => Image.Load<Rgba32>(PictureFormats.Decoders, stream),
            (_, true) => Image.Load<Rgba64>(PictureFormats.Decoders, stream),
        };
        try
        {
            image.Mutate(context => Prepare(context, header.Orientation));
            return image;
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    private void Prepare(IImageProcessingContext context, int orientation)
    {
        Upright(context, orientation);
        var (width, height) = context.GetCurrentSize();
        if (preparation.Resize is { } resize)
        {
            (height, width) = ((int, int))resize.Resized(height, width);
            Resize(context, width, context.GetCurrentSize().Height);
            Resize(context, width, height);
        }

        if (preparation.Crop is { } crop)
        {
            var (rows, columns) = (crop.Height, crop.Width ?? crop.Height);
            context.Crop(new Rectangle((width - columns) / 2, (height - rows) / 2, columns, rows));
        }
    }

    // Columns and then rows, with rounded pixels in between: cubic and sinc weights reach below black and above white, and what
    // people train with (Pillow) cuts that off after each.
    private void Resize(IImageProcessingContext context, int width, int height)
    {
        if (context.GetCurrentSize() != new Size(width, height))
        {
            context.Resize(new ResizeOptions { Mode = ResizeMode.Stretch, Size = new(width, height), Sampler = Sampler(preparation.ResizeFilter) });
        }
    }

    // 2 to 4 are mirrored, upside down or both; 5 to 8 lie on their side. CIPA DC-008, 4.6.5.1.
    private static void Upright(IImageProcessingContext context, int orientation)
    {
        var (rotate, flip) = orientation switch
        {
            2 => (RotateMode.None, FlipMode.Horizontal),
            3 => (RotateMode.Rotate180, FlipMode.None),
            4 => (RotateMode.None, FlipMode.Vertical),
            5 => (RotateMode.Rotate90, FlipMode.Horizontal),
            6 => (RotateMode.Rotate90, FlipMode.None),
            7 => (RotateMode.Rotate90, FlipMode.Vertical),
            8 => (RotateMode.Rotate270, FlipMode.None),
            _ => (RotateMode.None, FlipMode.None),
        };
        context.RotateFlip(rotate, flip);
    }

    private static IResampler Sampler(ResizeFilter filter) => filter switch
    {
        ResizeFilter.Bicubic => KnownResamplers.Bicubic,
        ResizeFilter.Lanczos => KnownResamplers.Lanczos3,
        _ => KnownResamplers.Triangle,
    };

    // The decoder's own way to grey is another one (BT.709).
    private static Image<TGrey> Luma<TColour, TGrey>(Stream stream, Func<TColour, TGrey> luma)
        where TColour : unmanaged, IPixel<TColour>
        where TGrey : unmanaged, IPixel<TGrey>
    {
        using var colour = Image.Load<TColour>(PictureFormats.Decoders, stream);
        var grey = new Image<TGrey>(PictureFormats.Decoders, colour.Width, colour.Height);
        colour.ProcessPixelRows(grey, (from, to) =>
        {
            for (var y = 0; y < from.Height; y++)
            {
                var source = from.GetRowSpan(y);
                var target = to.GetRowSpan(y);
                for (var x = 0; x < source.Length; x++)
                {
                    target[x] = luma(source[x]);
                }
            }
        });
        return grey;
    }

    private static byte Luma(byte red, byte green, byte blue) => (byte)Luma16(red, green, blue);

    // ITU-R BT.601 in 16 bits of fraction, rounded to nearest.
    private static ushort Luma16(ushort red, ushort green, ushort blue) => (ushort)(((red * 19595L) + (green * 38470L) + (blue * 7471L) + 0x8000) >> 16);

    // Pixel by pixel becomes channel by channel.
    private static void Copy<TPixel, TValue>(Image<TPixel> image, int channels, Span<TValue> destination)
        where TPixel : unmanaged, IPixel<TPixel>
        where TValue : unmanaged
    {
        var area = image.Height * image.Width;
        for (var y = 0; y < image.Height; y++)
        {
            var values = MemoryMarshal.Cast<TPixel, TValue>(image.DangerousGetPixelRowMemory(y).Span);
            for (var channel = 0; channel < channels; channel++)
            {
                var target = destination.Slice((channel * area) + (y * image.Width), image.Width);
                for (var x = 0; x < target.Length; x++)
                {
                    target[x] = values[(x * channels) + channel];
                }
            }
        }
    }
}
