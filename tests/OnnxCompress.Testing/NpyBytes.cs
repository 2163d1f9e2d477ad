using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace OnnxCompress.Testing;

/// <summary>Makes <c>.npy</c> and <c>.npz</c> files, sound ones and others.</summary>
public static class NpyBytes
{
    /// <summary>A file as NumPy writes it.</summary>
    /// <param name="shape">Shape, outermost first.</param>
    /// <param name="values">As many elements as the shape has.</param>
    public static byte[] Of<T>(long[] shape, params T[] values)
        where T : unmanaged => [.. Header(Descriptor<T>(), shape), .. MemoryMarshal.AsBytes(values.AsSpan())];

    /// <summary>A header alone.</summary>
    /// <param name="descriptor">The element type as NumPy writes it, for instance <c>&lt;f4</c>.</param>
    /// <param name="shape">Shape, outermost first.</param>
    /// <param name="fortran">Whether it claims Fortran order.</param>
    /// <param name="version">Format version: 1 has a short length, others a long one.</param>
    public static byte[] Header(string descriptor, long[] shape, bool fortran = false, byte version = 1)
    {
        var dims = string.Concat(shape.Select(dim => $"{dim}, "));
        return Header($"{{'descr': '{descriptor}', 'fortran_order': {(fortran ? "True" : "False")}, 'shape': ({dims.TrimEnd()}), }}", version);
    }

    /// <summary>A header with any text.</summary>
    public static byte[] Header(string dictionary, byte version = 1)
    {
        var lengthBytes = version == 1 ? 2 : 4;
        var padding = 64 - ((8 + lengthBytes + dictionary.Length + 1) % 64);
        var text = Encoding.Latin1.GetBytes(dictionary + new string(' ', padding) + "\n");
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
        return [0x93, .. "NUMPY"u8, version, 0, .. length[..lengthBytes], .. text];
    }

    /// <summary>An archive of arrays.</summary>
    public static byte[] Archive(CompressionLevel level, params (string Name, byte[] Npy)[] arrays)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, npy) in arrays)
            {
                using var entry = archive.CreateEntry($"{name}.npy", level).Open();
                entry.Write(npy);
            }
        }

        return stream.ToArray();
    }

    private static string Descriptor<T>() => typeof(T).Name switch
    {
        nameof(Boolean) => "|b1",
        nameof(Byte) => "|u1",
        nameof(SByte) => "|i1",
        nameof(Int16) => "<i2",
        nameof(UInt16) => "<u2",
        nameof(Int32) => "<i4",
        nameof(UInt32) => "<u4",
        nameof(Int64) => "<i8",
        nameof(Half) => "<f2",
        nameof(Single) => "<f4",
        nameof(Double) => "<f8",
        var other => throw new NotSupportedException(other),
    };
}
