using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>A constant tensor of the model, stored in <c>raw_data</c> or in the typed field of its element type.</summary>
internal sealed class Initializer
{
    private readonly TensorProto _proto;
    private readonly string? _otherName;

    /// <summary>Wraps a constant.</summary>
    /// <param name="proto">The constant.</param>
    /// <param name="otherName">What messages call it when it has no name of its own, as the value of a Constant node; null for nothing.</param>
    internal Initializer(TensorProto proto, string? otherName = null) => (_proto, _otherName) = (proto, otherName);

    /// <summary>Name in the graph.</summary>
    public string Name => _proto.Name;

    internal TensorProto Proto => _proto;

    /// <summary>Element type.</summary>
    public ElementType Type => (ElementType)_proto.DataType;

    /// <summary>Shape, outermost first; empty for a scalar.</summary>
    public IReadOnlyList<long> Dims => _proto.Dims;

    /// <summary>Number of elements.</summary>
    /// <exception cref="OnnxCompressException">OCX1003: a negative dimension, or more elements than fit.</exception>
    public long Count
    {
        get
        {
            long count = 1;
            foreach (var dim in _proto.Dims)
            {
                if (dim < 0 || (dim > 0 && count > long.MaxValue / dim))
                {
                    throw Malformed($"its shape [{string.Join(',', _proto.Dims)}] is negative or too large");
                }

                count *= dim;
            }

            return count;
        }
    }

    /// <summary>Refuses data that do not fit the shape, before anything is read from them.</summary>
    /// <exception cref="OnnxCompressException">OCX1003.</exception>
    public void CheckSize()
    {
        var stored = (_proto.HasRawData, Type) switch
        {
            (true, _) => Type.SizeInBytes() == 0 ? ArrayLength() : _proto.RawData.Length / (double)Type.SizeInBytes(),
            (_, ElementType.Float) => _proto.FloatData.Count,
            (_, ElementType.Double) => _proto.DoubleData.Count,
            (_, ElementType.Int64) => _proto.Int64Data.Count,
            (_, ElementType.Int32) => _proto.Int32Data.Count,
            _ => ArrayLength(),
        };
        if (stored != ArrayLength())
        {
            throw Malformed($"its shape [{string.Join(',', _proto.Dims)}] needs {ArrayLength()} values but it has {stored}");
        }

        if (_proto.Dims.Any(d => d > int.MaxValue))
        {
            // Nothing else is left to be wrong: it holds no values at all.
            throw Malformed($"its shape [{string.Join(',', _proto.Dims)}] has a dimension that nothing is indexed by");
        }
    }

    /// <summary>Whether no value is NaN or infinite; true for types without fractions.</summary>
    public bool HasOnlyFiniteValues => !Type.IsFloatingPoint() || (Type == ElementType.Float && _proto.HasRawData
        ? !MemoryMarshal.Cast<byte, float>(RawData(ArrayLength())).ContainsAnyExceptInRange(float.MinValue, float.MaxValue)
        : Array.TrueForAll(ReadFloats(), float.IsFinite));

    /// <summary>The values of a float32, float16, bfloat16 or double tensor.</summary>
    /// <exception cref="OnnxCompressException">OCX1003: the data do not fit the shape, or the type has no fraction.</exception>
    public float[] ReadFloats()
    {
        var values = new float[ArrayLength()];
        if (_proto.HasRawData)
        {
            ReadRawFloats(RawData(values.Length), values);
            return values;
        }

        switch (Type)
        {
            case ElementType.Float:
                CopyTyped(_proto.FloatData, values, v => v);
                break;
            case ElementType.Double:
                CopyTyped(_proto.DoubleData, values, v => (float)v);
                break;
            case ElementType.Float16:
                // The specification keeps 16-bit floats in the low half of int32_data.
                CopyTyped(_proto.Int32Data, values, v => (float)BitConverter.UInt16BitsToHalf((ushort)v));
                break;
            case ElementType.BFloat16:
                CopyTyped(_proto.Int32Data, values, v => BitConverter.Int32BitsToSingle(v << 16));
                break;
            default:
                throw Malformed($"its element type {Type} is not floating point");
        }

        return values;
    }

    /// <summary>The values of an int64 or int32 tensor.</summary>
    /// <exception cref="OnnxCompressException">OCX1003: the data do not fit the shape, or the type is another.</exception>
    public long[] ReadIntegers()
    {
        var values = new long[ArrayLength()];
        switch (Type, _proto.HasRawData)
        {
            case (ElementType.Int64, true):
                MemoryMarshal.Cast<byte, long>(RawData(values.Length)).CopyTo(values);
                break;
            case (ElementType.Int64, false):
                CopyTyped(_proto.Int64Data, values, v => v);
                break;
            case (ElementType.Int32, true):
                var raw = MemoryMarshal.Cast<byte, int>(RawData(values.Length));
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = raw[i];
                }

                break;
            case (ElementType.Int32, false):
                CopyTyped(_proto.Int32Data, values, v => (long)v);
                break;
            default:
                throw Malformed($"its element type {Type} is not int32 or int64");
        }

        return values;
    }

    /// <summary>The values as <c>raw_data</c> holds them, whichever field they are stored in.</summary>
    /// <exception cref="OnnxCompressException">OCX1003: the data do not fit the shape, or the type is not one this tool reads.</exception>
    public byte[] ReadBytes()
    {
        MoveToRawData();
        return RawData(ArrayLength()).ToArray();
    }

    /// <summary>Whether another constant has the same type, shape and bytes.</summary>
    public bool HasSameContent(Initializer other) => ReferenceEquals(_proto, other._proto) || _proto.Equals(other._proto);

    /// <summary>Replaces shape and values; the element type stays.</summary>
    /// <param name="dims">The new shape.</param>
    /// <param name="values">Row-major, one for each element; rounded to the element type.</param>
    public void Write(ReadOnlySpan<long> dims, ReadOnlySpan<float> values)
    {
        var bytes = new byte[checked(values.Length * Type.SizeInBytes())];
        switch (Type)
        {
            case ElementType.Float:
                MemoryMarshal.AsBytes(values).CopyTo(bytes);
                break;
            case ElementType.Double:
                ConvertAll(values, MemoryMarshal.Cast<byte, double>(bytes.AsSpan()), v => v);
                break;
            case ElementType.Float16:
                ConvertAll(values, MemoryMarshal.Cast<byte, Half>(bytes.AsSpan()), v => (Half)v);
                break;
            case ElementType.BFloat16:
                ConvertAll(values, MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan()), ToBFloat16);
                break;
            default:
                throw new InvalidOperationException($"'{Name}' is {Type}; only floating-point tensors are rewritten.");
        }

        Replace(dims, bytes);
    }

    /// <summary>Replaces shape and values of an int64 tensor.</summary>
    public void Write(ReadOnlySpan<long> dims, ReadOnlySpan<long> values)
    {
        if (Type != ElementType.Int64)
        {
            throw new InvalidOperationException($"'{Name}' is {Type}, not Int64.");
        }

        Replace(dims, MemoryMarshal.AsBytes(values).ToArray());
    }

    /// <summary>Replaces shape and values by the bytes of <c>raw_data</c>.</summary>
    public void WriteBytes(ReadOnlySpan<long> dims, byte[] bytes) => Replace(dims, bytes);

    /// <summary>Keeps the given indices along one axis, whatever the element type.</summary>
    /// <param name="axis">Axis in [0, rank).</param>
    /// <param name="kept">Indices that stay, in their new order.</param>
    public void Slice(int axis, ReadOnlySpan<int> kept)
    {
        MoveToRawData();
        var size = Type.SizeInBytes();
        var source = RawData(ArrayLength());
        var shape = Dims.ToArray();
        var outer = shape[..axis].Aggregate(1L, (a, b) => a * b);
        var row = checked((int)(shape[(axis + 1)..].Aggregate(1L, (a, b) => a * b) * size));
        var length = (int)shape[axis];
        var bytes = new byte[checked((int)(outer * kept.Length * row))];
        var target = bytes.AsSpan();
        for (var o = 0; o < outer; o++)
        {
            foreach (var index in kept)
            {
                source.Slice(checked((int)(((long)o * length + index) * row)), row).CopyTo(target);
                target = target[row..];
            }
        }

        shape[axis] = kept.Length;
        Replace(shape, bytes);
    }

    private static void ReadRawFloats(ReadOnlySpan<byte> bytes, Span<float> values, ElementType type)
    {
        switch (type)
        {
            case ElementType.Float:
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(values);
                break;
            case ElementType.Double:
                ConvertAll(MemoryMarshal.Cast<byte, double>(bytes), values, v => (float)v);
                break;
            case ElementType.Float16:
                ConvertAll(MemoryMarshal.Cast<byte, Half>(bytes), values, v => (float)v);
                break;
            default:
                ConvertAll(MemoryMarshal.Cast<byte, ushort>(bytes), values, v => BitConverter.Int32BitsToSingle(v << 16));
                break;
        }
    }

    private static void ConvertAll<TFrom, TTo>(ReadOnlySpan<TFrom> from, Span<TTo> to, Func<TFrom, TTo> convert)
    {
        for (var i = 0; i < from.Length; i++)
        {
            to[i] = convert(from[i]);
        }
    }

    /// <summary>Round to nearest, ties to even, as the hardware does.</summary>
    private static ushort ToBFloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value)
            ? (ushort)((bits >> 16) | 0x40)
            : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private void ReadRawFloats(ReadOnlySpan<byte> bytes, Span<float> values)
    {
        if (!Type.IsFloatingPoint())
        {
            throw Malformed($"its element type {Type} is not floating point");
        }

        ReadRawFloats(bytes, values, Type);
    }

    /// <summary>Typed storage becomes the bytes it stands for, so that one way of slicing serves all types.</summary>
    private void MoveToRawData()
    {
        if (_proto.HasRawData)
        {
            return;
        }

        // The specification keeps booleans and everything of 8 and 16 bits in the low part of int32_data.
        var bytes = Type switch
        {
            ElementType.Float => Pack(_proto.FloatData, v => v),
            ElementType.Double => Pack(_proto.DoubleData, v => v),
            ElementType.Int64 => Pack(_proto.Int64Data, v => v),
            ElementType.Int32 => Pack(_proto.Int32Data, v => v),
            ElementType.UInt32 => Pack(_proto.Uint64Data, v => (uint)v),
            ElementType.UInt64 => Pack(_proto.Uint64Data, v => v),
            _ when Type.SizeInBytes() == 2 => Pack(_proto.Int32Data, v => unchecked((ushort)v)),
            _ when Type.SizeInBytes() == 1 => Pack(_proto.Int32Data, v => unchecked((byte)v)),
            _ => throw Malformed($"its element type {(int)Type} is not one this tool reads"),
        };
        Replace([.. _proto.Dims], bytes);
    }

    private byte[] Pack<TField, TStored>(IReadOnlyList<TField> from, Func<TField, TStored> convert)
        where TStored : unmanaged
    {
        var stored = new TStored[ArrayLength()];
        CopyTyped(from, stored, convert);
        return MemoryMarshal.AsBytes(stored.AsSpan()).ToArray();
    }

    private void Replace(ReadOnlySpan<long> dims, byte[] bytes)
    {
        _proto.Dims.Clear();
        foreach (var dim in dims)
        {
            _proto.Dims.Add(dim);
        }

        _proto.FloatData.Clear();
        _proto.DoubleData.Clear();
        _proto.Int32Data.Clear();
        _proto.Int64Data.Clear();
        _proto.Uint64Data.Clear();
        _proto.RawData = UnsafeByteOperations.UnsafeWrap(bytes);
    }

    private int ArrayLength() =>
        Count <= Array.MaxLength ? (int)Count : throw Malformed($"its {Count} elements do not fit into memory at once");

    private ReadOnlySpan<byte> RawData(int elements)
    {
        var size = Type.SizeInBytes();
        if (size == 0)
        {
            throw Malformed($"its element type {(int)Type} is not one this tool reads");
        }

        var expected = (long)elements * size;
        if (_proto.RawData.Length != expected)
        {
            throw Malformed($"its shape [{string.Join(',', _proto.Dims)}] needs {expected} bytes but it has {_proto.RawData.Length}");
        }

        return _proto.RawData.Span;
    }

    private void CopyTyped<TField, TValue>(IReadOnlyList<TField> from, TValue[] to, Func<TField, TValue> convert)
    {
        if (from.Count != to.Length)
        {
            throw Malformed($"its shape [{string.Join(',', _proto.Dims)}] needs {to.Length} values but it has {from.Count}");
        }

        for (var i = 0; i < to.Length; i++)
        {
            to[i] = convert(from[i]);
        }
    }

    private OnnxCompressException Malformed(string reason) =>
        new(DiagnosticCodes.InitializerMalformed, string.Create(CultureInfo.InvariantCulture, $"Initializer '{(Name.Length == 0 ? _otherName : Name)}' is inconsistent: {reason}."));
}
