using System.Runtime.InteropServices;
using System.Security.Cryptography;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Calibration.Data.Images;

/// <summary>Pictures in files of their own, decoded as they are asked for: channels, rows, columns.</summary>
internal sealed class ImageArray : SampleArray
{
    private readonly IReadOnlyList<string> _files;
    private readonly IReadOnlyList<long>[] _dims;
    private readonly Preprocessing _preparation;
    private readonly int _channels;

    /// <summary>Looks at every file's header, and at nothing behind it.</summary>
    /// <param name="files">At least one PNG file.</param>
    /// <param name="input">What is fed; says how many channels are wanted where it is known.</param>
    /// <param name="preparation">Resizing and cropping.</param>
    /// <exception cref="OnnxCompressException">OCX3002: not PNG, or 8 and 16 bits side by side; OCX3005: smaller than the crop.</exception>
    public ImageArray(IReadOnlyList<string> files, TensorInfo? input, Preprocessing preparation)
    {
        (_files, _preparation) = (files, preparation);
        var first = PngHeader.ReadFile(files[0]);
        _channels = WantedChannels(input) ?? (first.Channels < 3 ? 1 : 3);
        _dims = new IReadOnlyList<long>[files.Count];
        Type = first.BitDepth == 16 ? ElementType.UInt16 : ElementType.UInt8;
        for (var index = 0; index < _dims.Length; index++)
        {
            var header = PngHeader.ReadFile(files[index]);
            if (header.Largest != first.Largest)
            {
                throw PngHeader.Malformed(
                    files[index], $"has {header.BitDepth} bits for each value but '{files[0]}' has {first.BitDepth}, so no --scale fits both; convert them to one depth");
            }

            var (height, width) = Prepared(header, files[index]);
            _dims[index] = index > 0 && _dims[0][1] == height && _dims[0][2] == width ? _dims[0] : [_channels, height, width];
        }

        Varies = _dims.Any(dims => !ReferenceEquals(dims, _dims[0]));
    }

    /// <inheritdoc />
    public override string Name => _files[0];

    /// <inheritdoc />
    public override ElementType Type { get; }

    /// <inheritdoc />
    public override int Count => _files.Count;

    /// <inheritdoc />
    public override IReadOnlyList<long> SampleDims => _dims[0];

    /// <inheritdoc />
    public override int SampleBytes => checked((int)(_dims[0][0] * _dims[0][1] * _dims[0][2]) * Type.SizeInBytes());

    /// <inheritdoc />
    public override bool Varies { get; }

    /// <inheritdoc />
    public override TensorLayout? Layout => TensorLayout.Nchw;

    /// <inheritdoc />
    public override IReadOnlyList<long> DimsOf(int index) => _dims[index];

    /// <inheritdoc />
    public override void ReadSample(int index, Span<byte> destination)
    {
        var image = Read(_files[index]).WithChannels(_channels);
        image = _preparation.Resize is { } size && size.Resized(image.Height, image.Width) is var (height, width)
            ? ImageResampler.Resize(image, height, width)
            : image;
        image = _preparation.Crop is not null ? image.Cropped((int)_dims[index][1], (int)_dims[index][2]) : image;
        if (image.Height != _dims[index][1] || image.Width != _dims[index][2])
        {
            throw PngHeader.Malformed(_files[index], "changed its size while it was read");
        }

        var area = image.Height * image.Width;
        for (var i = 0; i < image.Values.Length; i++)
        {
            var position = (i % _channels * area) + (i / _channels);
            if (Type == ElementType.UInt8)
            {
                destination[position] = (byte)image.Values[i];
            }
            else
            {
                MemoryMarshal.Cast<byte, ushort>(destination)[position] = image.Values[i];
            }
        }
    }

    /// <inheritdoc />
    public override void AppendContent(int index, IncrementalHash hash)
    {
        try
        {
            hash.AppendData(InputFile.ReadAllBytes(_files[index], PngDecoder.LargestFile));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(_files[index], failure);
        }
    }

    /// <inheritdoc />
    public override (string Name, int Index) Locate(int index) => (_files[index], 0);

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
    }

    private static PixelImage Read(string path)
    {
        try
        {
            return PngDecoder.DecodeFile(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, failure);
        }
    }

    private static OnnxCompressException Unreadable(string path, Exception failure) =>
        new(DiagnosticCodes.DataNotFound, $"The picture '{path}' cannot be read: {failure.Message}", failure);

    // Channels lie on axis 1, or on the last of a model that keeps them there; three axes are grey pictures.
    private static int? WantedChannels(TensorInfo? input) => input?.Dims switch
    {
        { Count: 3 } => 1,
        { Count: 4 } dims => Known(dims[1]) ?? Known(dims[3]),
        _ => null,
    };

    private static int? Known(Dimension dim) => dim.Value is 1 or 3 or 4 ? (int)dim.Value : null;

    private (int Height, int Width) Prepared(PngHeader header, string path)
    {
        var (height, width) = _preparation.Resize?.Resized(header.Height, header.Width) ?? (header.Height, header.Width);
        if ((long)height * width > PngHeader.MostPixels)
        {
            throw PngHeader.Malformed(path, $"would have {height} x {width} pixels after --resize, more than {PngHeader.MostPixels}");
        }

        if (_preparation.Crop is not { } crop)
        {
            return (height, width);
        }

        var (cropHeight, cropWidth) = (crop.Height, crop.Width ?? crop.Height);
        return cropHeight <= height && cropWidth <= width
            ? (cropHeight, cropWidth)
            : throw new OnnxCompressException(
                DiagnosticCodes.DataShapeMismatch, $"'{path}' has {height} x {width} pixels, fewer than --crop {crop} takes; add --resize.");
    }
}
