using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>Samples that were read as a whole, for formats that cannot be read at random; each sample has a shape of its own.</summary>
internal sealed class MemoryArray : SampleArray
{
    private readonly byte[] _bytes;
    private readonly IReadOnlyList<IReadOnlyList<long>> _dims;
    private readonly long[] _starts;

    /// <summary>Takes values over.</summary>
    /// <param name="name">The file, for messages.</param>
    /// <param name="key">The input's name inside the file; empty for none.</param>
    /// <param name="type">What the bytes hold.</param>
    /// <param name="dims">The shape of each sample; at least one sample.</param>
    /// <param name="bytes">All samples back to back, little-endian and row-major.</param>
    public MemoryArray(string name, string key, ElementType type, IReadOnlyList<IReadOnlyList<long>> dims, byte[] bytes)
    {
        (Name, Key, Type, _dims, _bytes) = (name, key, type, dims, bytes);
        _starts = new long[dims.Count + 1];
        for (var i = 0; i < dims.Count; i++)
        {
            _starts[i + 1] = _starts[i] + dims[i].Aggregate((long)type.SizeInBytes(), (product, dim) => checked(product * dim));
        }

        Varies = dims.Any(sample => !sample.SequenceEqual(dims[0]));
    }

    /// <inheritdoc />
    public override string Name { get; }

    /// <inheritdoc />
    public override string Key { get; }

    /// <inheritdoc />
    public override ElementType Type { get; }

    /// <inheritdoc />
    public override int Count => _dims.Count;

    /// <inheritdoc />
    public override IReadOnlyList<long> SampleDims => _dims[0];

    /// <inheritdoc />
    public override int SampleBytes => (int)_starts[1];

    /// <inheritdoc />
    public override bool Varies { get; }

    /// <inheritdoc />
    public override bool IsFlat => IsTable;

    /// <inheritdoc />
    public override bool IsSingle => IsNumber;

    /// <summary>Set for a single number.</summary>
    public bool IsNumber { get; init; }

    /// <summary>Set for rows of a table.</summary>
    public bool IsTable { get; init; }

    /// <inheritdoc />
    public override IReadOnlyList<long> DimsOf(int index) => _dims[index];

    /// <inheritdoc />
    public override void ReadSample(int index, Span<byte> destination) =>
        _bytes.AsSpan((int)_starts[index], (int)(_starts[index + 1] - _starts[index])).CopyTo(destination);

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
    }
}
