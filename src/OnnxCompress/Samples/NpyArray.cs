using Microsoft.Win32.SafeHandles;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>A <c>.npy</c> array read sample by sample from its file; memory does not grow with the file.</summary>
internal sealed class NpyArray : SampleArray
{
    private readonly SafeFileHandle _file;
    private readonly NpyHeader _header;

    private NpyArray(Func<SafeFileHandle> open, NpyHeader header, string name, string key = "")
    {
        var shape = string.Join(", ", header.Shape);
        if (header.Shape is [0, ..])
        {
            throw new OnnxCompressException(DiagnosticCodes.DataEmpty, $"'{name}' holds no samples: its shape is ({shape}).");
        }

        // A single number is one sample; samples may be empty, as the past of a first step.
        var samples = header.Shape is [var first, ..] ? first : 1;
        var sampleBytes = header.DataBytes / samples;
        if (samples > int.MaxValue || sampleBytes > Array.MaxLength)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.DataMalformed,
                $"'{name}' has the shape ({shape}): {samples} samples of {sampleBytes} bytes cannot be read.");
        }

        (_header, Name, Key) = (header, name, key);
        (Count, SampleBytes, SampleDims) = ((int)samples, (int)sampleBytes, [.. header.Shape.Skip(1)]);
        _file = open();
    }

    /// <summary>The temporary file whose handle is read; null for a file of the user's.</summary>
    private FileStream? Unpacked { get; init; }

    /// <inheritdoc />
    public override string Name { get; }

    /// <inheritdoc />
    public override string Key { get; }

    /// <inheritdoc />
    public override ElementType Type => _header.Type;

    /// <inheritdoc />
    public override int Count { get; }

    /// <inheritdoc />
    public override bool IsSingle => _header.Shape.Count == 0;

    /// <inheritdoc />
    public override IReadOnlyList<long> SampleDims { get; }

    /// <inheritdoc />
    public override int SampleBytes { get; }

    /// <summary>Opens a <c>.npy</c> file.</summary>
    /// <exception cref="OnnxCompressException">OCX3002: malformed or truncated; OCX3020: no samples.</exception>
    public static NpyArray Open(string path)
    {
        using var stream = InputFile.OpenRead(path);
        var header = NpyHeader.Read(stream, path);
        var present = stream.Length - header.DataOffset;
        return present >= header.DataBytes
            ? new(() => InputFile.OpenHandle(path), header, path)
            : throw new OnnxCompressException(
                DiagnosticCodes.DataMalformed,
                $"'{path}' is truncated: its header promises {header.DataBytes} bytes of data, {present} are there.");
    }

    /// <summary>Opens a temporary file of ours, which goes when the array is closed.</summary>
    /// <param name="file">The temporary file; long enough for the header's shape.</param>
    /// <param name="header">Its type, shape and offset.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="key">The name it was saved under.</param>
    /// <exception cref="OnnxCompressException">OCX3002: not samples; OCX3020: no samples.</exception>
    public static NpyArray OpenUnpacked(FileStream file, NpyHeader header, string name, string key) =>
        new(() => file.SafeFileHandle, header, name, key) { Unpacked = file };

    /// <inheritdoc />
    public override void ReadSample(int index, Span<byte> destination) => ReadPart(index, 0, destination);

    /// <inheritdoc />
    public override void ReadPart(int index, int offsetBytes, Span<byte> destination)
    {
        var offset = _header.DataOffset + ((long)index * SampleBytes) + offsetBytes;
        while (destination.Length > 0)
        {
            var read = RandomAccess.Read(_file, destination, offset);
            if (read == 0)
            {
                throw new OnnxCompressException(DiagnosticCodes.DataMalformed, $"'{Name}' ended inside sample {index}: it was changed while it was read.");
            }

            destination = destination[read..];
            offset += read;
        }
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _file.Dispose();
            Unpacked?.Dispose();
        }
    }
}
