using System.Security.Cryptography;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>Several arrays of one type, read as one after the other; their samples may differ in shape.</summary>
internal sealed class SampleArrayChain : SampleArray
{
    private readonly IReadOnlyList<SampleArray> _parts;

    /// <summary>Chains arrays; disposing the chain closes them.</summary>
    /// <exception cref="OnnxCompressException">OCX3005: the parts differ in type or in the order of their axes.</exception>
    public SampleArrayChain(IReadOnlyList<SampleArray> parts)
    {
        var first = parts[0];
        foreach (var part in parts)
        {
            if (part.Type != first.Type || part.Layout != first.Layout || part.IsFlat != first.IsFlat)
            {
                throw new OnnxCompressException(
                    DiagnosticCodes.DataShapeMismatch,
                    $"'{first.Name}' has samples of {first.Type}[{string.Join(',', first.SampleDims)}] but '{part.Name}' of "
                    + $"{part.Type}[{string.Join(',', part.SampleDims)}]; files for one input must agree in format and type.");
            }
        }

        (_parts, Count) = (parts, checked(parts.Sum(part => part.Count)));
        Varies = parts.Any(part => part.Varies || !part.SampleDims.SequenceEqual(first.SampleDims));
    }

    /// <inheritdoc />
    public override string Name => _parts[0].Name;

    /// <inheritdoc />
    public override ElementType Type => _parts[0].Type;

    /// <inheritdoc />
    public override int Count { get; }

    /// <inheritdoc />
    public override IReadOnlyList<long> SampleDims => _parts[0].SampleDims;

    /// <inheritdoc />
    public override int SampleBytes => _parts[0].SampleBytes;

    /// <inheritdoc />
    public override bool Varies { get; }

    /// <inheritdoc />
    public override bool IsFlat => _parts[0].IsFlat;

    /// <inheritdoc />
    public override TensorLayout? Layout => _parts[0].Layout;

    /// <inheritdoc />
    public override IReadOnlyList<long> DimsOf(int index)
    {
        var (part, inPart) = Find(index);
        return part.DimsOf(inPart);
    }

    /// <inheritdoc />
    public override void ReadSample(int index, Span<byte> destination)
    {
        var (part, inPart) = Find(index);
        part.ReadSample(inPart, destination);
    }

    /// <inheritdoc />
    public override void ReadPart(int index, int offsetBytes, Span<byte> destination)
    {
        var (part, inPart) = Find(index);
        part.ReadPart(inPart, offsetBytes, destination);
    }

    /// <inheritdoc />
    public override void AppendContent(int index, IncrementalHash hash)
    {
        var (part, inPart) = Find(index);
        part.AppendContent(inPart, hash);
    }

    /// <inheritdoc />
    public override (string Name, int Index) Locate(int index)
    {
        var (part, inPart) = Find(index);
        return part.Locate(inPart);
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        foreach (var part in disposing ? _parts : [])
        {
            part.Dispose();
        }
    }

    private (SampleArray Part, int Index) Find(int index)
    {
        var part = 0;
        for (; index >= _parts[part].Count; part++)
        {
            index -= _parts[part].Count;
        }

        return (_parts[part], index);
    }
}
