using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>An array that is stored as a model wants it, its samples along an axis further inside.</summary>
internal sealed class AxisArray : SampleArray
{
    private readonly SampleArray _stored;
    private readonly int _outer;
    private readonly int _part;

    /// <summary>Takes an array over.</summary>
    /// <param name="stored">The array, all of one shape; closed with this one.</param>
    /// <param name="axis">The axis that counts samples, at least 1.</param>
    public AxisArray(SampleArray stored, int axis)
    {
        long[] whole = [stored.Count, .. stored.SampleDims];
        (_stored, Count) = (stored, checked((int)whole[axis]));
        SampleDims = [.. whole.Take(axis), .. whole.Skip(axis + 1)];
        // Within one index of the first axis a sample has parts, each as long as what lies behind the sample axis.
        _outer = checked((int)whole.Skip(1).Take(axis - 1).Aggregate(1L, (product, dim) => product * dim));
        _part = checked((int)whole.Skip(axis + 1).Aggregate((long)stored.Type.SizeInBytes(), (product, dim) => product * dim));
        SampleBytes = checked(stored.Count * _outer * _part);
    }

    /// <inheritdoc />
    public override string Name => _stored.Name;

    /// <inheritdoc />
    public override string Key => _stored.Key;

    /// <inheritdoc />
    public override ElementType Type => _stored.Type;

    /// <inheritdoc />
    public override int Count { get; }

    /// <inheritdoc />
    public override IReadOnlyList<long> SampleDims { get; }

    /// <inheritdoc />
    public override int SampleBytes { get; }

    /// <inheritdoc />
    public override void ReadSample(int index, Span<byte> destination)
    {
        for (var first = 0; first < _stored.Count; first++)
        {
            for (var outer = 0; outer < _outer; outer++)
            {
                _stored.ReadPart(first, checked(((outer * Count) + index) * _part), destination.Slice(((first * _outer) + outer) * _part, _part));
            }
        }
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stored.Dispose();
        }
    }
}
