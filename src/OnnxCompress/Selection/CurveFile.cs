using System.Security.Cryptography;
using System.Text;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Selection;

/// <summary>
/// Curves on disk, little-endian: a marker; for each group its method, ridge, order and errors; for each layer its splits; last a SHA-256 of
/// everything before, so that a damaged file is found before its numbers are used.
/// </summary>
internal static class CurveFile
{
    private static ReadOnlySpan<byte> Marker => "OCXCURV1"u8;

    /// <summary>Writes a file, whole or not at all.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(string path, KnownCurves curves)
    {
        using var content = new MemoryStream();
        using (var writer = new BinaryWriter(content, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Marker);
            writer.Write(curves.Channels.Count);
            foreach (var curve in curves.Channels)
            {
                writer.Write((int)curve.Method);
                writer.Write(curve.Ridge);
                writer.Write(curve.Order.Length);
                Array.ForEach(curve.Order, writer.Write);
                writer.Write(curve.Errors.Length);
                Array.ForEach(curve.Errors, writer.Write);
            }

            writer.Write(curves.Splits.Count);
            foreach (var options in curves.Splits)
            {
                writer.Write(options.Count);
                foreach (var (shape, error) in options)
                {
                    writer.Write((int)shape.Form);
                    writer.Write(shape.Rank);
                    writer.Write(shape.Groups);
                    writer.Write(shape.InnerRank);
                    writer.Write(error);
                }
            }
        }

        using var files = new AtomicFiles();
        using (var stream = new FileStream(files.Add(Path.GetFullPath(path)), FileMode.Create, FileAccess.Write, FileShare.None))
        {
            var bytes = content.GetBuffer().AsSpan(0, (int)content.Length);
            stream.Write(bytes);
            stream.Write(SHA256.HashData(bytes));
        }

        files.Commit();
    }

    /// <summary>Reads a file; null where it is damaged.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">It has no more bytes.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static KnownCurves? Read(string path, long most)
    {
        var all = InputFile.ReadAllBytes(path, most);
        if (all.Length < Marker.Length + SHA256.HashSizeInBytes)
        {
            return null;
        }

        var content = all.AsSpan(0, all.Length - SHA256.HashSizeInBytes);
        if (!content.StartsWith(Marker) || !SHA256.HashData(content).AsSpan().SequenceEqual(all.AsSpan(content.Length)))
        {
            return null;
        }

        using var reader = new BinaryReader(new MemoryStream(all, Marker.Length, content.Length - Marker.Length));
        ChannelCurve Curve()
        {
            var (method, ridge) = ((CompressionMethod)reader.ReadInt32(), reader.ReadDouble());
            int[] order = [.. Counted(reader.ReadInt32)];
            return new ChannelCurve(order, [.. Counted(reader.ReadDouble)], ridge) { Method = method };
        }

        SplitOption Split() => new(new((SplitForm)reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32()), reader.ReadDouble());
        IEnumerable<T> Counted<T>(Func<T> read)
        {
            for (var left = reader.ReadInt32(); left > 0; left--)
            {
                yield return read();
            }
        }

        ChannelCurve[] channels = [.. Counted(Curve)];
        return new KnownCurves(channels, [.. Counted(() => (SplitOption[])[.. Counted(Split)])]);
    }
}
