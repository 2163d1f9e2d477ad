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
    internal Array? Copy(int index) => Type(index) switch
    {
        ElementType.Float => Values<float>(index).ToArray(),
        ElementType.Double => Values<double>(index).ToArray(),
        ElementType.Float16 => Values<Half>(index).ToArray(),
        ElementType.Int64 => Values<long>(index).ToArray(),
        ElementType.Int32 => Values<int>(index).ToArray(),
        ElementType.Bool => Values<bool>(index).ToArray(),
        _ => null,
    };

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the runtime's memory back.</summary>
    protected abstract void Dispose(bool disposing);
}
