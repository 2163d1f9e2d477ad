using System.Security.Cryptography;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples.Images;

/// <summary>Pictures in files of their own, decoded as they are asked for: channels, rows, columns.</summary>
internal sealed class ImageArray : SampleArray
{
    private readonly IReadOnlyList<string> _files;
    private readonly IReadOnlyList<long>[] _dims;
    private readonly Preprocessing _preparation;
    private readonly PictureDecoder _decoder;

    /// <summary>Looks at every file's header, and at nothing behind it.</summary>
    /// <param name="files">At least one picture.</param>
    /// <param name="input">What is fed; says how many channels are wanted where it is known.</param>
    /// <param name="preparation">Resizing and cropping.</param>
    /// <exception cref="OnnxCompressException">OCX3002: no picture, or 8 and 16 bits side by side; OCX3005: smaller than the crop.</exception>
    public ImageArray(IReadOnlyList<string> files, TensorInfo? input, Preprocessing preparation)
    {
        (_files, _preparation) = (files, preparation);
        var first = PictureHeader.ReadFile(files[0]);
        var channels = WantedChannels(input) ?? (first.IsGrey ? 1 : 3);
        _decoder = new(channels, first.IsWide, preparation);
        _dims = new IReadOnlyList<long>[files.Count];
        Type = first.IsWide ? ElementType.UInt16 : ElementType.UInt8;
        for (var index = 0; index < _dims.Length; index++)
        {
            var header = PictureHeader.ReadFile(files[index]);
            if (header.IsWide != first.IsWide)
            {
                throw PictureFormats.Malformed(
                    files[index], $"has {Bits(header)} bits for each value but '{files[0]}' has {Bits(first)}, so no --scale fits both; convert them to one depth");
            }

            var (height, width) = Prepared(header, files[index]);
            _dims[index] = index > 0 && _dims[0][1] == height && _dims[0][2] == width ? _dims[0] : [channels, height, width];
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
    public override void ReadSample(int index, Span<byte> destination) =>
        _decoder.Decode(PictureFiles.ReadAll(_files[index]), _files[index], (int)_dims[index][1], (int)_dims[index][2], destination);

    /// <inheritdoc />
    public override void AppendContent(int index, IncrementalHash hash) => hash.AppendData(PictureFiles.ReadAll(_files[index]));

    /// <inheritdoc />
    public override (string Name, int Index) Locate(int index) => (_files[index], 0);

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
    }

    private static int Bits(PictureHeader header) => header.IsWide ? 16 : 8;

    // Channels lie on axis 1, or on the last of a model that keeps them there; three axes are grey pictures.
    private static int? WantedChannels(TensorInfo? input) => input?.Dims switch
    {
        { Count: 3 } => 1,
        { Count: 4 } dims => Known(dims[1]) ?? Known(dims[3]),
        _ => null,
    };

    private static int? Known(Dimension dim) => dim.Value is 1 or 3 or 4 ? (int)dim.Value : null;

    private (int Height, int Width) Prepared(PictureHeader header, string path)
    {
        var (tall, wide) = _preparation.Resize?.Resized(header.Height, header.Width) ?? (header.Height, header.Width);
        // Columns are resized before rows.
        if (Math.Max(tall, header.Height) > PictureFormats.MostPixels / wide)
        {
            throw PictureFormats.Malformed(path, $"would have {Math.Max(tall, header.Height)} x {wide} pixels for --resize, more than {PictureFormats.MostPixels}");
        }

        var (height, width) = ((int)tall, (int)wide);
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
