using OnnxCompress.Models;

namespace OnnxCompress.Calibration.Data;

/// <summary>An array on disk whose first axis counts samples. Reading one sample touches only that sample.</summary>
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

    /// <summary>Shape of one sample, outermost first.</summary>
    public abstract IReadOnlyList<long> SampleDims { get; }

    /// <summary>Bytes of one sample, at most 2^31 - 1.</summary>
    public abstract int SampleBytes { get; }

    /// <summary>Copies one sample's stored bytes, little-endian and row-major.</summary>
    /// <param name="index">In [0, <see cref="Count"/>).</param>
    /// <param name="destination">Exactly <see cref="SampleBytes"/> long.</param>
    public abstract void ReadSample(int index, Span<byte> destination);

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
