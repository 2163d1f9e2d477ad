namespace OnnxCompress.Models;

/// <summary>A dense row-major tensor in managed memory: what is fed to a session.</summary>
public sealed class HostTensor
{
    /// <summary>Wraps values without copying them.</summary>
    /// <param name="name">The model input it is for.</param>
    /// <param name="type">Element type; the array must hold elements of the matching .NET type
    /// (<see cref="ElementType.Float16"/>: <see cref="Half"/>, <see cref="ElementType.BFloat16"/>: <see cref="ushort"/>).</param>
    /// <param name="dims">Shape, outermost first.</param>
    /// <param name="values">At least as many elements as the shape has; more are ignored.</param>
    /// <exception cref="ArgumentException">The array is shorter than the shape.</exception>
    public HostTensor(string name, ElementType type, IReadOnlyList<long> dims, Array values)
    {
        long count = 1;
        foreach (var dim in dims)
        {
            count = checked(count * dim);
        }

        if (values.LongLength < count)
        {
            throw new ArgumentException($"'{name}' has shape [{string.Join(',', dims)}], {count} elements, but {values.LongLength} values.", nameof(values));
        }

        (Name, Type, Dims, Values, Count) = (name, type, dims, values, count);
    }

    /// <summary>The model input it is for.</summary>
    public string Name { get; }

    /// <summary>Element type.</summary>
    public ElementType Type { get; }

    /// <summary>Shape, outermost first.</summary>
    public IReadOnlyList<long> Dims { get; }

    /// <summary>The values; only the first <see cref="Count"/> belong to the tensor.</summary>
    public Array Values { get; }

    /// <summary>The axis along which samples lie; null: the tensor is the same for all samples of a run.</summary>
    internal int? BatchAxis { get; init; } = 0;

    /// <summary>Product of <see cref="Dims"/>.</summary>
    public long Count { get; }

    /// <summary>The values as bytes, little-endian.</summary>
    internal ReadOnlySpan<byte> Bytes => Type.Bytes(Values)[..checked((int)Count * Type.SizeInBytes())];
}
