using System.Buffers;
using System.Security.Cryptography;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>An array whose first axis counts samples. Reading one sample touches only that sample.</summary>
internal abstract class SampleArray : IDisposable
{
    /// <summary>Where the array lies, for messages: a path, or a path and an archive entry.</summary>
    public abstract string Name { get; }

    /// <summary>The name it was saved under inside an archive; empty for a file of its own.</summary>
    public virtual string Key => "";

    /// <summary>Element type as stored.</summary>
    public abstract ElementType Type { get; }

    /// <summary>How many samples there are.</summary>
    public abstract int Count { get; }

    /// <summary>Shape of one sample, outermost first; of the first one where they differ.</summary>
    public abstract IReadOnlyList<long> SampleDims { get; }

    /// <summary>Bytes of one sample, at most 2^31 - 1; of the first one where they differ.</summary>
    public abstract int SampleBytes { get; }

    /// <summary>Whether samples differ in shape.</summary>
    public virtual bool Varies => false;

    /// <summary>Whether a sample is a row of numbers from a table, which has no shape of its own.</summary>
    public virtual bool IsFlat => false;

    /// <summary>Whether it is a single number, without an axis that counts samples; it then has one sample.</summary>
    public virtual bool IsSingle => false;

    /// <summary>In which order the format itself stores images; null where only the user knows.</summary>
    public virtual TensorLayout? Layout => null;

    /// <summary>Shape of one sample, outermost first.</summary>
    /// <param name="index">In [0, <see cref="Count"/>).</param>
    public virtual IReadOnlyList<long> DimsOf(int index) => SampleDims;

    /// <summary>Bytes of one sample, at most 2^31 - 1.</summary>
    /// <param name="index">In [0, <see cref="Count"/>).</param>
    public int BytesOf(int index) =>
        Varies ? checked((int)DimsOf(index).Aggregate((long)Type.SizeInBytes(), (product, dim) => checked(product * dim))) : SampleBytes;

    /// <summary>Copies one sample's stored bytes, little-endian and row-major.</summary>
    /// <param name="index">In [0, <see cref="Count"/>).</param>
    /// <param name="destination">Exactly as long as <see cref="BytesOf"/> says.</param>
    public abstract void ReadSample(int index, Span<byte> destination);

    /// <summary>Copies part of one sample's stored bytes.</summary>
    /// <param name="index">In [0, <see cref="Count"/>).</param>
    /// <param name="offsetBytes">Where the part begins in the sample.</param>
    /// <param name="destination">As long as the part.</param>
    public virtual void ReadPart(int index, int offsetBytes, Span<byte> destination)
    {
        var rented = ArrayPool<byte>.Shared.Rent(BytesOf(index));
        ReadSample(index, rented.AsSpan(0, BytesOf(index)));
        rented.AsSpan(offsetBytes, destination.Length).CopyTo(destination);
        ArrayPool<byte>.Shared.Return(rented);
    }

    /// <summary>Appends what a sample is made of; refuses NaN and infinity on the way.</summary>
    /// <param name="index">In [0, <see cref="Count"/>).</param>
    /// <param name="hash">Takes the content.</param>
    public virtual void AppendContent(int index, IncrementalHash hash)
    {
        var rented = ArrayPool<byte>.Shared.Rent(BytesOf(index));
        var stored = rented.AsSpan(0, BytesOf(index));
        ReadSample(index, stored);
        SampleConverter.CheckFinite(this, index, stored);
        hash.AppendData(stored);
        ArrayPool<byte>.Shared.Return(rented);
    }

    /// <summary>Where a sample lies, for messages: the file and the index in it.</summary>
    public virtual (string Name, int Index) Locate(int index) => (Name, index);

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the files.</summary>
    protected abstract void Dispose(bool disposing);
}
