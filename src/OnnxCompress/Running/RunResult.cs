using System.Runtime.InteropServices;
using OnnxCompress.Models;

namespace OnnxCompress.Running;

/// <summary>The outputs of one run, in the runtime's own memory until disposed.</summary>
public abstract class RunResult : IDisposable
{
    /// <summary>Shape of output <paramref name="index"/>, outermost first.</summary>
    public abstract IReadOnlyList<long> Dims(int index);

    /// <summary>Element type of output <paramref name="index"/>.</summary>
    public abstract ElementType Type(int index);

    /// <summary>The values of output <paramref name="index"/> in place, row-major.</summary>
    /// <exception cref="InvalidCastException"><typeparamref name="T"/> is not the output's element type.</exception>
    public abstract ReadOnlySpan<T> Values<T>(int index)
        where T : unmanaged;

    /// <summary>The values of output <paramref name="index"/> in an array of their own, which outlives the result; null for types that are not copied.</summary>
    internal Array? Copy(int index)
    {
        var length = checked((int)Dims(index).Aggregate(1L, (product, dim) => checked(product * dim)));
        if (Type(index).NewArray(length) is not { } values)
        {
            return null;
        }

        Bytes(index).CopyTo(Type(index).Bytes(values));
        return values;
    }

    /// <summary>The values of output <paramref name="index"/> in place as bytes, little-endian, row-major.</summary>
    /// <exception cref="NotSupportedException">Texts, and types that this tool does not read.</exception>
    internal ReadOnlySpan<byte> Bytes(int index) => Type(index) switch
    {
        ElementType.Float => Bytes<float>(index),
        ElementType.Double => Bytes<double>(index),
        ElementType.Float16 => Bytes<Half>(index),
        ElementType.Int64 => Bytes<long>(index),
        ElementType.Int32 => Bytes<int>(index),
        ElementType.Int16 => Bytes<short>(index),
        ElementType.Int8 => Bytes<sbyte>(index),
        ElementType.UInt8 => Bytes<byte>(index),
        ElementType.UInt16 => Bytes<ushort>(index),
        ElementType.UInt32 => Bytes<uint>(index),
        ElementType.UInt64 => Bytes<ulong>(index),
        ElementType.Bool => Bytes<bool>(index),
        var other => throw new NotSupportedException($"Values of type {other} are not read."),
    };

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the runtime's memory back.</summary>
    protected abstract void Dispose(bool disposing);

    private ReadOnlySpan<byte> Bytes<T>(int index)
        where T : unmanaged => MemoryMarshal.AsBytes(Values<T>(index));
}
