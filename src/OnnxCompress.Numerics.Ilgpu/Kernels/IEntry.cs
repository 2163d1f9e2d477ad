namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>How an entry becomes a double: what generic arithmetic offers for that, ILGPU cannot compile.</summary>
internal interface IEntry<T>
{
    /// <summary>The same number.</summary>
    static abstract double Widen(T value);
}

/// <summary>Of floats.</summary>
internal readonly struct FloatEntry : IEntry<float>
{
    /// <inheritdoc/>
    public static double Widen(float value) => value;
}

/// <summary>Of doubles.</summary>
internal readonly struct DoubleEntry : IEntry<double>
{
    /// <inheritdoc/>
    public static double Widen(double value) => value;
}
