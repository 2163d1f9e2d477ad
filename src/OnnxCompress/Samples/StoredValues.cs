using System.Numerics;
using System.Runtime.InteropServices;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>Stored little-endian bytes as numbers. The tool runs on little-endian machines only, as ONNX Runtime does.</summary>
internal static class StoredValues
{
    /// <summary>Widens every element.</summary>
    /// <param name="type">What the bytes hold.</param>
    /// <param name="bytes">Elements, back to back.</param>
    /// <param name="values">As many as there are elements.</param>
    public static void ToDouble(ElementType type, ReadOnlySpan<byte> bytes, Span<double> values) => Convert(type, bytes, values);

    /// <summary>Widens every element; fractions of floating-point elements are an error that the caller excludes first.</summary>
    /// <param name="type">What the bytes hold.</param>
    /// <param name="bytes">Elements, back to back.</param>
    /// <param name="values">As many as there are elements.</param>
    /// <exception cref="OverflowException">A value lies outside 64 bits.</exception>
    public static void ToInt64(ElementType type, ReadOnlySpan<byte> bytes, Span<long> values) => Convert(type, bytes, values);

    /// <summary>Index of the first NaN or infinity, or -1.</summary>
    public static int FirstNotFinite(ElementType type, ReadOnlySpan<byte> bytes) => type switch
    {
        ElementType.Float => FirstNotFinite<float>(bytes),
        ElementType.Double => FirstNotFinite<double>(bytes),
        ElementType.Float16 => FirstNotFinite<Half>(bytes),
        _ => -1,
    };

    private static int FirstNotFinite<T>(ReadOnlySpan<byte> bytes)
        where T : unmanaged, INumberBase<T>
    {
        var values = MemoryMarshal.Cast<byte, T>(bytes);
        for (var i = 0; i < values.Length; i++)
        {
            if (!T.IsFinite(values[i]))
            {
                return i;
            }
        }

        return -1;
    }

    private static void Convert<T>(ElementType type, ReadOnlySpan<byte> bytes, Span<T> values)
        where T : INumberBase<T>
    {
        switch (type)
        {
            case ElementType.Bool:
                Flags(bytes, values);
                break;
            case ElementType.UInt8:
                Widen(bytes, values);
                break;
            case ElementType.Int8:
                Widen(MemoryMarshal.Cast<byte, sbyte>(bytes), values);
                break;
            case ElementType.UInt16:
                Widen(MemoryMarshal.Cast<byte, ushort>(bytes), values);
                break;
            case ElementType.Int16:
                Widen(MemoryMarshal.Cast<byte, short>(bytes), values);
                break;
            case ElementType.UInt32:
                Widen(MemoryMarshal.Cast<byte, uint>(bytes), values);
                break;
            case ElementType.Int32:
                Widen(MemoryMarshal.Cast<byte, int>(bytes), values);
                break;
            case ElementType.UInt64:
                Widen(MemoryMarshal.Cast<byte, ulong>(bytes), values);
                break;
            case ElementType.Int64:
                Widen(MemoryMarshal.Cast<byte, long>(bytes), values);
                break;
            case ElementType.Float16:
                Widen(MemoryMarshal.Cast<byte, Half>(bytes), values);
                break;
            case ElementType.Float:
                Widen(MemoryMarshal.Cast<byte, float>(bytes), values);
                break;
            case ElementType.Double:
                Widen(MemoryMarshal.Cast<byte, double>(bytes), values);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "Not a numeric element type.");
        }
    }

    private static void Flags<T>(ReadOnlySpan<byte> bytes, Span<T> values)
        where T : INumberBase<T>
    {
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = bytes[i] == 0 ? T.Zero : T.One;
        }
    }

    private static void Widen<TFrom, T>(ReadOnlySpan<TFrom> from, Span<T> values)
        where TFrom : INumberBase<TFrom>
        where T : INumberBase<T>
    {
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = T.CreateChecked(from[i]);
        }
    }
}
