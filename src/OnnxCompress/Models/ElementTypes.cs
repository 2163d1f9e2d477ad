using System.Runtime.InteropServices;

namespace OnnxCompress.Models;

/// <summary>Facts about <see cref="ElementType"/>.</summary>
internal static class ElementTypes
{
    /// <summary>Bytes of one element in <c>raw_data</c>; 0 for text and for types this tool does not read.</summary>
    public static int SizeInBytes(this ElementType type) => type switch
    {
        ElementType.UInt8 or ElementType.Int8 or ElementType.Bool => 1,
        ElementType.UInt16 or ElementType.Int16 or ElementType.Float16 or ElementType.BFloat16 => 2,
        ElementType.Float or ElementType.Int32 or ElementType.UInt32 => 4,
        ElementType.Double or ElementType.Int64 or ElementType.UInt64 => 8,
        _ => 0,
    };

    /// <summary>Whether weights of this type can be read as numbers with a fraction.</summary>
    public static bool IsFloatingPoint(this ElementType type) =>
        type is ElementType.Float or ElementType.Float16 or ElementType.BFloat16 or ElementType.Double;

    /// <summary>An array of the .NET type that holds elements of this type, all zero; null for types that are not fed.</summary>
    public static Array? NewArray(this ElementType type, int length) => type switch
    {
        ElementType.Float => new float[length],
        ElementType.Double => new double[length],
        ElementType.Float16 => new Half[length],
        ElementType.Int64 => new long[length],
        ElementType.Int32 => new int[length],
        ElementType.Int16 => new short[length],
        ElementType.Int8 => new sbyte[length],
        ElementType.UInt8 => new byte[length],
        ElementType.UInt16 => new ushort[length],
        ElementType.UInt32 => new uint[length],
        ElementType.UInt64 => new ulong[length],
        ElementType.Bool => new bool[length],
        _ => null,
    };

    /// <summary>The memory of an array that holds elements of this type.</summary>
    public static Span<byte> Bytes(this ElementType type, Array values) =>
        MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(values), checked(values.Length * type.SizeInBytes()));
}
