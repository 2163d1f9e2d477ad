using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Calibration;

/// <summary>
/// Statistics on disk, little-endian: a marker, the version, the model's SHA-256, the number of samples, a hash of each different one, the
/// number of taps; for each tap its key, its channels and for each fold the rows, the column sums and the lower triangle of the Gram; the
/// number of tensors with ranges; for each its name, how many of its values are not finite and how many are zero, the least, the greatest, and
/// the bins that hold any, each with its place and count; last a SHA-256 of everything before, so that a damaged file is found before its numbers are used.
/// </summary>
internal static class StatisticsFile
{
    private const int Version = 4;

    /// <summary>Files of this version have no ranges, and all else alike.</summary>
    private const int WithoutRanges = 3;

    /// <summary>The place of a bin and its count.</summary>
    private const int BytesOfBin = sizeof(ushort) + sizeof(long);

    private const int BufferBytes = 1 << 20;

    /// <summary>No sum over 2^63 products of two floats passes this.</summary>
    private const double LargestSum = 1e100;

    /// <summary>What rounding of float sums may add to the inequality of Cauchy and Schwarz, relative.</summary>
    private const double Rounding = 1e-3;

    /// <summary>What a product of two floats may lose where it is flushed to zero: the smallest normal float. A channel of 1e-25 has a sum, but
    /// squares that are none.</summary>
    private const double Flushed = 1.17549435e-38;

    private static ReadOnlySpan<byte> Marker => "OCXSTATS"u8;

    /// <summary>Writes a file, whole or not at all.</summary>
    /// <exception cref="IOException">It cannot be written; what was there before still is.</exception>
    public static void Write(string path, CalibrationStatistics statistics)
    {
        using var files = new AtomicFiles();
        using (var stream = new FileStream(files.Add(Path.GetFullPath(path)), FileMode.Create, FileAccess.ReadWrite, FileShare.None))
        {
            WriteContent(stream, statistics);
            stream.Position = 0;
            stream.Write(SHA256.HashData(stream));
            stream.Flush(flushToDisk: true);
        }

        files.Commit();
    }

    /// <summary>What the file of some statistics would end with.</summary>
    public static string ChecksumOf(CalibrationStatistics statistics)
    {
        using var hash = SHA256.Create();
        using (var stream = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write))
        {
            WriteContent(stream, statistics);
        }

        return Convert.ToHexStringLower(hash.Hash!);
    }

    /// <summary>What a file ends with; whether it belongs to the content is seen when that is read.</summary>
    /// <exception cref="OnnxCompressException">OCX3001: there is no file; OCX3013: it is too short for one.</exception>
    public static string ChecksumOf(string path)
    {
        try
        {
            using var stream = InputFile.OpenRead(path);
            if (stream.Length < SHA256.HashSizeInBytes)
            {
                throw Malformed(path, "it is not a statistics file");
            }

            var checksum = new byte[SHA256.HashSizeInBytes];
            stream.Position = stream.Length - checksum.Length;
            stream.ReadExactly(checksum);
            return Convert.ToHexStringLower(checksum);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="OnnxCompressException">OCX3001: there is none; OCX3013: it is no statistics file, is damaged, or is
    /// of another version.</exception>
    public static CalibrationStatistics Read(string path)
    {
        try
        {
            // Statistics of a wide model pass what one array can hold: read twice, once for the hash.
            using var stream = new BufferedStream(InputFile.OpenRead(path), BufferBytes);
            var end = stream.Length - SHA256.HashSizeInBytes;
            Span<byte> marker = stackalloc byte[Marker.Length];
            if (end < Marker.Length || stream.ReadAtLeast(marker, marker.Length, throwOnEndOfStream: false) < marker.Length || !marker.SequenceEqual(Marker))
            {
                throw Malformed(path, "it is not a statistics file");
            }

            if (!IsWhole(stream, end))
            {
                throw Malformed(path, "it is damaged or cut off");
            }

            stream.Position = Marker.Length;
            using var reader = new BinaryReader(stream, Encoding.UTF8);
            return Parse(reader, end, path);
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException or ArgumentException or OverflowException)
        {
            throw Malformed(path, "its fields contradict each other");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    /// <summary>Whether the hash behind the content is that of the content.</summary>
    private static bool IsWhole(Stream stream, long end)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[BufferBytes];
        stream.Position = 0;
        for (var left = end; left > 0;)
        {
            var read = stream.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
            if (read == 0)
            {
                return false;
            }

            hash.AppendData(buffer, 0, read);
            left -= read;
        }

        Span<byte> stored = stackalloc byte[SHA256.HashSizeInBytes];
        return stream.ReadAtLeast(stored, stored.Length, throwOnEndOfStream: false) == stored.Length && hash.GetHashAndReset().AsSpan().SequenceEqual(stored);
    }

    private static CalibrationStatistics Parse(BinaryReader reader, long end, string path)
    {
        var version = reader.ReadInt32();
        if (version is not (Version or WithoutRanges))
        {
            throw Malformed(path, $"it is of version {version}, and this tool reads versions {WithoutRanges} and {Version}");
        }

        var statistics = new CalibrationStatistics(reader.ReadString()) { Samples = reader.ReadInt64() };
        var seen = reader.ReadInt32();
        for (var i = 0; i < seen; i++)
        {
            statistics.Seen.Add(reader.ReadUInt64());
        }

        var taps = reader.ReadInt32();
        for (var i = 0; i < taps; i++)
        {
            var key = reader.ReadString();
            var channels = reader.ReadInt32();
            // The file must hold what it announces before memory is taken for it.
            if (channels < 1 || BytesOfTap(channels) > end - reader.BaseStream.Position)
            {
                throw Malformed(path, $"it has a tap with {channels} channels and too few numbers for it");
            }

            var tap = statistics.Open(key, channels);
            ReadFold(reader, tap.Fit);
            ReadFold(reader, tap.Check);
            if (!AreMoments(tap.Fit) || !AreMoments(tap.Check))
            {
                throw Malformed(path, $"the numbers of '{key}' are not sums of squares and products");
            }
        }

        for (var left = version == WithoutRanges ? 0 : reader.ReadInt32(); left > 0; left--)
        {
            statistics.SetRange(reader.ReadString(), ReadRange(reader, end));
        }

        return reader.BaseStream.Position == end && statistics.Samples >= 0
            ? statistics
            : throw Malformed(path, "its fields contradict each other");
    }

    private static void WriteContent(Stream stream, CalibrationStatistics statistics)
    {
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        writer.Write(Marker);
        writer.Write(Version);
        writer.Write(statistics.ModelSha256);
        writer.Write(statistics.Samples);
        writer.Write(statistics.Seen.Count);
        foreach (var content in statistics.Seen)
        {
            writer.Write(content);
        }

        writer.Write(statistics.Taps.Count);
        foreach (var (key, tap) in statistics.Taps)
        {
            writer.Write(key);
            writer.Write(tap.Channels);
            WriteFold(writer, tap.Fit);
            WriteFold(writer, tap.Check);
        }

        writer.Write(statistics.Ranges.Count);
        foreach (var (tensor, values) in statistics.Ranges)
        {
            WriteRange(writer, tensor, values);
        }
    }

    private static void WriteFold(BinaryWriter writer, ChannelStatistics fold)
    {
        writer.Write(fold.Rows);
        writer.Write(MemoryMarshal.AsBytes(fold.Sums.AsSpan()));
        for (var row = 0; row < fold.Channels; row++)
        {
            writer.Write(MemoryMarshal.AsBytes(fold.Gram.AsSpan(row * fold.Channels, row + 1)));
        }
    }

    private static void ReadFold(BinaryReader reader, ChannelStatistics fold)
    {
        fold.Restore(reader.ReadInt64());
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(fold.Sums.AsSpan()));
        for (var row = 0; row < fold.Channels; row++)
        {
            reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(fold.Gram.AsSpan(row * fold.Channels, row + 1)));
            for (var column = 0; column < row; column++)
            {
                fold.Gram[(column * fold.Channels) + row] = fold.Gram[(row * fold.Channels) + column];
            }
        }
    }

    private static void WriteRange(BinaryWriter writer, string tensor, TensorHistogram values)
    {
        (int Bin, long Count)[] counts = [.. values.Counts()];
        writer.Write(tensor);
        writer.Write(values.NonFinite);
        writer.Write(values.Zeros);
        writer.Write(values.Least);
        writer.Write(values.Greatest);
        writer.Write(counts.Length);
        foreach (var (bin, count) in counts)
        {
            writer.Write((ushort)bin);
            writer.Write(count);
        }
    }

    private static TensorHistogram ReadRange(BinaryReader reader, long end)
    {
        var (nonFinite, zeros, least, greatest) = (reader.ReadInt64(), reader.ReadInt64(), reader.ReadSingle(), reader.ReadSingle());
        var counts = reader.ReadInt32();
        if (counts < 0 || (long)counts * BytesOfBin > end - reader.BaseStream.Position)
        {
            throw new FormatException("More bins than the file holds.");
        }

        return TensorHistogram.Of([.. Enumerable.Range(0, counts).Select(_ => ((int)reader.ReadUInt16(), reader.ReadInt64()))], nonFinite, zeros, least, greatest);
    }

    private static decimal BytesOfTap(int channels) => 2 * (sizeof(long) + (sizeof(double) * (channels + (channels * (channels + 1m) / 2))));

    /// <summary>
    /// Whether a fold can have come from data: a damaged or made-up one would fail later, inside a factorisation. Checked
    /// are finite numbers and the inequality of Cauchy and Schwarz, <c>g_ij^2 &lt;= g_ii g_jj</c> and <c>s_i^2 &lt;= rows g_ii</c>,
    /// with what float sums may lose by rounding and underflow.
    /// </summary>
    private static bool AreMoments(ChannelStatistics fold)
    {
        var deviations = new double[fold.Channels];
        for (var i = 0; i < deviations.Length; i++)
        {
            var square = fold.Gram[(i * fold.Channels) + i];
            deviations[i] = Math.Sqrt(square + (fold.Rows * Flushed)) * (1 + Rounding);
            if (!(square is >= 0 and <= LargestSum) || !(Math.Abs(fold.Sums[i]) <= Math.Sqrt(fold.Rows) * deviations[i]))
            {
                return false;
            }

            for (var j = 0; j < i; j++)
            {
                if (!(Math.Abs(fold.Gram[(i * fold.Channels) + j]) <= deviations[i] * deviations[j]))
                {
                    return false;
                }
            }
        }

        return fold.Rows >= 0;
    }

    private static OnnxCompressException Unreadable(string path, Exception reason) =>
        new(DiagnosticCodes.DataNotFound, $"The statistics file '{path}' cannot be read: {reason.Message}", reason);

    private static OnnxCompressException Malformed(string path, string reason) =>
        new(DiagnosticCodes.StatisticsMalformed, $"'{path}' cannot be used: {reason}; calibrate again.");
}
