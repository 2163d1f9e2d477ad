using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>
/// The header of a <c>.npy</c> file, versions 1 to 3 of the NumPy format (NEP 1): magic, version, length, and a Python
/// dictionary with element type, order and shape.
/// </summary>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Shape, outermost first.</param>
/// <param name="DataOffset">Bytes from the start of the file to the first element.</param>
internal sealed partial record NpyHeader(ElementType Type, IReadOnlyList<long> Shape, long DataOffset)
{
    private const int MaximumHeaderBytes = 1 << 16;

    /// <summary>Bytes of all elements.</summary>
    public long DataBytes { get; private init; }

    /// <summary>Reads a header and leaves the stream at the first element.</summary>
    /// <param name="stream">At the start of the file.</param>
    /// <param name="name">The file's name for messages.</param>
    /// <exception cref="OnnxCompressException">OCX3002: not a <c>.npy</c> file, or one with a layout that is not read.</exception>
    public static NpyHeader Read(Stream stream, string name)
    {
        Span<byte> preamble = stackalloc byte[12];
        ReadExactly(stream, preamble[..10], name);
        if (preamble[0] != 0x93 || !preamble[1..6].SequenceEqual("NUMPY"u8))
        {
            throw Malformed(name, "is not a .npy file: it does not begin with the bytes \\x93NUMPY");
        }

        var version = preamble[6];
        if (version is < 1 or > 3)
        {
            throw Malformed(name, $"has .npy format version {version}; versions 1 to 3 are read");
        }

        if (version > 1)
        {
            ReadExactly(stream, preamble[10..], name);
        }

        long length = version == 1
            ? BinaryPrimitives.ReadUInt16LittleEndian(preamble[8..])
            : BinaryPrimitives.ReadUInt32LittleEndian(preamble[8..]);
        if (length > MaximumHeaderBytes)
        {
            throw Malformed(name, $"says that its header is {length} bytes long; at most {MaximumHeaderBytes} are read");
        }

        var bytes = new byte[length];
        ReadExactly(stream, bytes, name);
        return Parse(Encoding.UTF8.GetString(bytes), (version == 1 ? 10 : 12) + length, name);
    }

    private static NpyHeader Parse(string text, long dataOffset, string name)
    {
        var order = OrderPattern().Match(text);
        var shape = ShapePattern().Match(text);
        var type = TypePattern().Match(text);
        if (!order.Success || !shape.Success)
        {
            throw Malformed(name, "has a .npy header without 'fortran_order' or 'shape'");
        }

        if (!type.Success)
        {
            throw Malformed(name, "holds records with named fields; save one plain array for each field");
        }

        if (order.Groups[1].Value == "True")
        {
            throw Malformed(name, "is stored in Fortran order; save it with numpy.ascontiguousarray(...)");
        }

        var dims = ParseShape(shape.Groups[1].Value, name);
        var element = ParseType(type.Groups[1].Value, name);
        return new(element, dims, dataOffset) { DataBytes = Bytes(dims, element, name) };
    }

    private static long[] ParseShape(string text, string name)
    {
        var parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var dims = new long[parts.Length];
        for (var axis = 0; axis < parts.Length; axis++)
        {
            // Python 2 wrote long integers with an L behind them.
            if (!long.TryParse(parts[axis].TrimEnd('L'), NumberStyles.None, CultureInfo.InvariantCulture, out dims[axis]))
            {
                throw Malformed(name, $"has the shape ({text}), which is not a list of sizes");
            }
        }

        return dims;
    }

    private static ElementType ParseType(string descriptor, string name)
    {
        if (descriptor.Contains('O', StringComparison.Ordinal))
        {
            throw Malformed(name, "holds pickled Python objects, which are never executed; save a numeric array");
        }

        if (descriptor.StartsWith('>'))
        {
            throw Malformed(name, $"is big-endian ('{descriptor}'); save it with array.astype('<{descriptor[1..]}')");
        }

        return descriptor.TrimStart('<', '|', '=') switch
        {
            "b1" => ElementType.Bool,
            "u1" => ElementType.UInt8,
            "i1" => ElementType.Int8,
            "u2" => ElementType.UInt16,
            "i2" => ElementType.Int16,
            "u4" => ElementType.UInt32,
            "i4" => ElementType.Int32,
            "i8" => ElementType.Int64,
            "f2" => ElementType.Float16,
            "f4" => ElementType.Float,
            "f8" => ElementType.Double,
            _ => throw Malformed(name, $"has elements of type '{descriptor}'; bool, int8 to int64, uint8 to uint32 and float16 to float64 are read"),
        };
    }

    private static long Bytes(long[] dims, ElementType type, string name)
    {
        try
        {
            return checked(dims.Aggregate((long)type.SizeInBytes(), (product, dim) => checked(product * dim)));
        }
        catch (OverflowException)
        {
            throw Malformed(name, $"has the shape ({string.Join(", ", dims)}), more than 2^63 bytes");
        }
    }

    private static void ReadExactly(Stream stream, Span<byte> destination, string name)
    {
        if (stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false) < destination.Length)
        {
            throw Malformed(name, "ends inside its .npy header");
        }
    }

    private static OnnxCompressException Malformed(string name, string what) =>
        new(DiagnosticCodes.DataMalformed, $"'{name}' {what}.");

    [GeneratedRegex(@"'descr'\s*:\s*'([^']{1,32})'", RegexOptions.CultureInvariant)]
    private static partial Regex TypePattern();

    [GeneratedRegex(@"'fortran_order'\s*:\s*(True|False)", RegexOptions.CultureInvariant)]
    private static partial Regex OrderPattern();

    [GeneratedRegex(@"'shape'\s*:\s*\(([^)]*)\)", RegexOptions.CultureInvariant)]
    private static partial Regex ShapePattern();
}
