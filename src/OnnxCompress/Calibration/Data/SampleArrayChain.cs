using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Calibration.Data;

/// <summary>Several arrays of one type and sample shape, read as one after the other.</summary>
internal sealed class SampleArrayChain : SampleArray
{
    private readonly IReadOnlyList<SampleArray> _parts;

    /// <summary>Chains arrays; disposing the chain closes them.</summary>
    /// <exception cref="OnnxCompressException">OCX3005: the parts differ in type or sample shape.</exception>
    public SampleArrayChain(IReadOnlyList<SampleArray> parts)
    {
        var first = parts[0];
        foreach (var part in parts)
        {
            if (part.Type != first.Type || !part.SampleDims.SequenceEqual(first.SampleDims))
            {
                throw new OnnxCompressException(
                    DiagnosticCodes.DataShapeMismatch,
                    $"'{first.Name}' has samples of {first.Type}[{string.Join(',', first.SampleDims)}] but '{part.Name}' of "
                    + $"{part.Type}[{string.Join(',', part.SampleDims)}]; files for one input must agree.");
            }
        }

        (_parts, Count) = (parts, checked(parts.Sum(part => part.Count)));
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
    public override void ReadSample(int index, Span<byte> destination)
    {
        var (part, inPart) = Find(index);
        part.ReadSample(inPart, destination);
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
