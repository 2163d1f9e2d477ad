using System.IO.Compression;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>
/// The arrays of an <c>.npz</c> archive. Deflated entries cannot be read at random, so each is unpacked once to a temporary
/// file that goes when the array is closed: memory does not grow with the archive.
/// </summary>
internal static class NpzArchive
{
    // A bomb expands a lot; a mask of zeros does too, but is small. Only the two together are refused.
    private const long UnsuspiciousBytes = 1L << 30;
    private const long MaximumExpansion = 200;
    private const int MaximumEntries = 256;

    /// <summary>Opens every array.</summary>
    /// <param name="path">The archive.</param>
    /// <returns>Every array; <see cref="SampleArray.Key"/> is the name it was saved under.</returns>
    /// <exception cref="OnnxCompressException">OCX3002: not an archive, damaged, or a bomb; OCX3020: an array without samples.</exception>
    public static IReadOnlyList<SampleArray> Open(string path)
    {
        var arrays = new List<SampleArray>();
        try
        {
            using var archive = new ZipArchive(InputFile.OpenRead(path), ZipArchiveMode.Read);
            if (archive.Entries.Count > MaximumEntries)
            {
                throw Malformed(path, $"holds {archive.Entries.Count} entries; at most {MaximumEntries} are read");
            }

            foreach (var entry in archive.Entries.Where(entry => entry.FullName.EndsWith(".npy", StringComparison.Ordinal)))
            {
                arrays.Add(Unpack(entry, $"{path}({entry.FullName})"));
            }

            return arrays.Count > 0 ? arrays : throw Malformed(path, "holds no .npy arrays");
        }
        catch (InvalidDataException damaged)
        {
            Close(arrays);
            throw new OnnxCompressException(DiagnosticCodes.DataMalformed, $"'{path}' is not a readable .npz archive: {damaged.Message}", damaged);
        }
        catch
        {
            Close(arrays);
            throw;
        }
    }

    private static NpyArray Unpack(ZipArchiveEntry entry, string name)
    {
        if (entry.Length > UnsuspiciousBytes && entry.Length / Math.Max(1, entry.CompressedLength) > MaximumExpansion)
        {
            throw Malformed(name, $"expands {entry.CompressedLength} bytes to {entry.Length}, more than {MaximumExpansion} times");
        }

#pragma warning disable CA2000 // The array closes it.
        var temporary = RunFolder.CreateFile();
#pragma warning restore CA2000
        try
        {
            using var packed = entry.Open();
            var header = NpyHeader.Read(packed, name);
            if (header.DataBytes > entry.Length)
            {
                throw Malformed(name, $"is truncated: its header promises {header.DataBytes} bytes of data, the entry has {entry.Length}");
            }

            CopyExactly(packed, temporary, header.DataBytes, name);
            return NpyArray.OpenUnpacked(temporary, header with { DataOffset = 0 }, name, entry.FullName[..^4]);
        }
        catch
        {
            temporary.Dispose();
            throw;
        }
    }

    // The array's own header says how much may come: not one byte more is written to disk.
    private static void CopyExactly(Stream packed, FileStream target, long expected, string name)
    {
        var buffer = new byte[1 << 16];
        long copied = 0;
        for (int read; (read = packed.Read(buffer)) > 0; copied += read)
        {
            if (copied + read > expected)
            {
                throw Malformed(name, $"holds more than the {expected} bytes its header promises");
            }

            var count = read;
            RunFolder.Guarded(() => target.Write(buffer, 0, count));
        }

        if (copied < expected)
        {
            throw Malformed(name, $"is truncated: its header promises {expected} bytes of data, {copied} are there");
        }
    }

    private static void Close(List<SampleArray> arrays)
    {
        foreach (var array in arrays)
        {
            array.Dispose();
        }
    }

    private static OnnxCompressException Malformed(string name, string what) =>
        new(DiagnosticCodes.DataMalformed, $"'{name}' {what}.");
}
