using System.Globalization;
using System.IO.Compression;
using System.Text;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>Writes arrays as NumPy's <c>savez_compressed</c> does (NEP 1, version 1).</summary>
internal static class NpzWriter
{
    /// <summary>Adds one array to an archive.</summary>
    /// <param name="archive">Opened for writing.</param>
    /// <param name="name">The array's name.</param>
    /// <param name="type">Its element type.</param>
    /// <param name="dims">Shape of one sample.</param>
    /// <param name="samples">Bytes of each sample, little-endian and row-major.</param>
    public static void Add(ZipArchive archive, string name, ElementType type, IReadOnlyList<long> dims, IReadOnlyList<byte[]> samples)
    {
        using var entry = archive.CreateEntry($"{name}.npy", CompressionLevel.Fastest).Open();
        entry.Write(Header(type, [samples.Count, .. dims]));
        foreach (var sample in samples)
        {
            entry.Write(sample);
        }
    }

    private static byte[] Header(ElementType type, IReadOnlyList<long> shape)
    {
        var dims = string.Concat(shape.Select(dim => string.Create(CultureInfo.InvariantCulture, $"{dim}, "))).TrimEnd();
        var text = $"{{'descr': '{Descriptor(type)}', 'fortran_order': False, 'shape': ({dims}), }}";
        // Data begin at a multiple of 64 bytes; ten stand before the text and a line break ends it.
        var padded = text.PadRight(((text.Length + 11 + 63) / 64 * 64) - 11) + "\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)padded.Length, (byte)(padded.Length >> 8), .. Encoding.ASCII.GetBytes(padded)];
    }

    private static string Descriptor(ElementType type) => type switch
    {
        ElementType.Bool => "|b1",
        ElementType.UInt8 => "|u1",
        ElementType.Int8 => "|i1",
        ElementType.UInt16 => "<u2",
        ElementType.Int16 => "<i2",
        ElementType.UInt32 => "<u4",
        ElementType.Int32 => "<i4",
        ElementType.Int64 => "<i8",
        ElementType.Float16 => "<f2",
        ElementType.Float => "<f4",
        ElementType.Double => "<f8",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "NumPy arrays of this type are not written."),
    };
}
