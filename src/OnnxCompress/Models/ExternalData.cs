using System.Globalization;
using System.Runtime.InteropServices;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>
/// Tensors whose bytes lie in side files ("External Data" of the ONNX IR specification). In memory they become
/// <c>raw_data</c>, so the rest of the library sees one form; on saving they move out again.
/// </summary>
internal static class ExternalData
{
    /// <summary>Below this a tensor stays in the model's own file: shape constants must be readable without side files.</summary>
    public const int SmallestExternalBytes = 1024;

    /// <summary>Offsets are multiples of this, so that a runtime can map the file.</summary>
    private const int Alignment = 4096;

    /// <summary>What a side file is called is not known before it is saved: sizes allow for a name this long.</summary>
    private const int LongestLocation = 64;

    /// <summary>Reads the data of every external tensor, wherever it lies in the model, into <c>raw_data</c>.</summary>
    /// <param name="model">Changed in place.</param>
    /// <param name="reader">Reads the side files.</param>
    /// <param name="mostInner">Bytes at most of tensors that are no initializers of the main graph: they stay in the model's own file.</param>
    /// <returns>Names of the initializers of the main graph that were external.</returns>
    /// <exception cref="OnnxCompressException">OCX1004, OCX1005 or OCX1009.</exception>
    public static IReadOnlySet<string> Internalize(ModelProto model, ExternalDataReader reader, long mostInner)
    {
        static bool IsExternal(TensorProto tensor) => tensor.DataLocation == TensorProto.Types.DataLocation.External;
        var initializers = model.Graph.Initializer.Where(IsExternal).Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        TensorProto[] external = [.. TensorWalk.All(model).Where(IsExternal)];
        reader.Internalize(external);
        var inner = TensorWalk.Inner(model).Sum(t => (long)t.RawData.Length);
        return inner <= mostInner ? initializers : throw new OnnxCompressException(
            DiagnosticCodes.ExternalDataUnusable,
            $"The external data of tensors inside nodes, functions and subgraphs are {inner} bytes, which do not fit into the model's own file; make them initializers of the graph.");
    }

    /// <summary>Moves tensors of a model out of it into one side file.</summary>
    /// <param name="model">Changed in place: give it a copy.</param>
    /// <param name="isExternal">Which tensors move.</param>
    /// <param name="sideFile">File that is written.</param>
    /// <param name="location">What the model calls that file.</param>
    public static void Externalize(ModelProto model, Func<TensorProto, bool> isExternal, string sideFile, string location)
    {
        using var stream = new FileStream(sideFile, FileMode.Create, FileAccess.Write, FileShare.None);
        Place(model, isExternal, location, (position, bytes) =>
        {
            stream.Position = position;
            stream.Write(bytes);
        });
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Bytes of a model's file and of the side file that tensors of it would move to.</summary>
    public static long SizeOf(ModelProto model, Func<TensorProto, bool> isExternal)
    {
        var copy = model.Clone();
        return Place(copy, isExternal, new string('x', LongestLocation), static (_, _) => { }) + copy.CalculateSizeLong();
    }

    private static long Place(ModelProto model, Func<TensorProto, bool> isExternal, string location, Action<long, ArraySegment<byte>> write)
    {
        var end = 0L;
        foreach (var sharing in model.Graph.Initializer.Where(t => t.HasRawData && isExternal(t)).GroupBy(Held))
        {
            // Tensors that share bytes in memory, as they did in the side file they came from, share them again.
            TensorProto[] tensors = [.. sharing];
            var places = Array.ConvertAll(tensors, Place);
            var ranges = new SharedRanges(places);
            var written = new Dictionary<long, long>();
            foreach (var (tensor, place) in tensors.Zip(places))
            {
                var range = ranges.Around(place);
                if (!written.TryGetValue(range.Start, out var position))
                {
                    written[range.Start] = position = (end + Alignment - 1) / Alignment * Alignment;
                    write(position, new ArraySegment<byte>(sharing.Key, (int)range.Start, (int)range.Length));
                    end = position + range.Length;
                }

                Announce(tensor, location, position + place.Start - range.Start);
            }
        }

        return end;
    }

    /// <summary>A copy of a model without weights that names another side file.</summary>
    public static ModelProto At(ModelProto model, string from, string to)
    {
        var moved = model.Clone();
        foreach (var entry in moved.Graph.Initializer.SelectMany(t => t.ExternalData).Where(e => e.Key == "location" && e.Value == from))
        {
            entry.Value = to;
        }

        return moved;
    }

    /// <summary>Replaces a tensor's bytes by where they lie.</summary>
    public static void Announce(TensorProto tensor, string location, long offset)
    {
        AddEntry(tensor, "location", location);
        AddEntry(tensor, "offset", offset.ToString(CultureInfo.InvariantCulture));
        AddEntry(tensor, "length", tensor.RawData.Length.ToString(CultureInfo.InvariantCulture));
        tensor.ClearRawData();
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
    }

    private static void AddEntry(TensorProto tensor, string key, string value) =>
        tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });

    private static byte[] Held(TensorProto tensor) => Segment(tensor).Array!;

    private static (long Start, long Length) Place(TensorProto tensor) => (Segment(tensor).Offset, Segment(tensor).Count);

    private static ArraySegment<byte> Segment(TensorProto tensor) =>
        MemoryMarshal.TryGetArray(tensor.RawData.Memory, out var segment) ? segment : throw new InvalidOperationException("Weights lie in arrays.");
}
