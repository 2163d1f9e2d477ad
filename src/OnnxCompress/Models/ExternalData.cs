using System.Globalization;
using System.Security.Cryptography;
using Google.Protobuf;
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

    /// <summary>Reads every external initializer into <c>raw_data</c>.</summary>
    /// <param name="model">Changed in place.</param>
    /// <param name="folder">Folder of the model file; locations are relative to it. Null for a model that is in no folder.</param>
    /// <param name="allowOutside">Whether a location may leave that folder.</param>
    /// <param name="hash">Takes the bytes that were read.</param>
    /// <returns>Names of the tensors that were external.</returns>
    /// <exception cref="OnnxCompressException">OCX1004: missing or too short; OCX1005: outside the folder.</exception>
    public static IReadOnlySet<string> Internalize(ModelProto model, string? folder, bool allowOutside, IncrementalHash hash)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var taken = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var tensor in model.Graph.Initializer.Where(t => t.DataLocation == TensorProto.Types.DataLocation.External))
        {
            var bytes = Read(tensor, folder, allowOutside, taken);
            hash.AppendData(bytes);
            tensor.RawData = UnsafeByteOperations.UnsafeWrap(bytes);
            tensor.ExternalData.Clear();
            tensor.ClearDataLocation();
            names.Add(tensor.Name);
        }

        return names;
    }

    /// <summary>The files that external initializers name, in full, each once; they need not exist.</summary>
    public static IReadOnlyCollection<string> Files(ModelProto model, string folder) =>
    [
        .. model.Graph.Initializer.Where(t => t.DataLocation == TensorProto.Types.DataLocation.External)
            .Select(t => Entry(t, "location"))
            .Where(location => !string.IsNullOrEmpty(location) && !location.Contains('\0', StringComparison.Ordinal))
            .Distinct(StringComparer.Ordinal)
            .Select(location => Path.GetFullPath(Path.Combine(folder, location!))),
    ];

    /// <summary>Moves tensors of a model out of it into one side file.</summary>
    /// <param name="model">Changed in place: give it a copy.</param>
    /// <param name="isExternal">Which tensors move.</param>
    /// <param name="sideFile">File that is written.</param>
    /// <param name="location">What the model calls that file.</param>
    public static void Externalize(ModelProto model, Func<TensorProto, bool> isExternal, string sideFile, string location)
    {
        using var stream = new FileStream(sideFile, FileMode.Create, FileAccess.Write, FileShare.None);
        foreach (var tensor in model.Graph.Initializer.Where(t => t.HasRawData && isExternal(t)))
        {
            stream.Position = (stream.Position + Alignment - 1) / Alignment * Alignment;
            var data = tensor.RawData;
            Announce(tensor, location, stream.Position);
            stream.Write(data.Span);
        }

        stream.Flush(flushToDisk: true);
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

    private static byte[] Read(TensorProto tensor, string? folder, bool allowOutside, Dictionary<string, long> taken)
    {
        var location = Entry(tensor, "location");
        if (string.IsNullOrEmpty(location))
        {
            throw Missing(tensor, "it names no file");
        }

        if (folder is null)
        {
            throw Missing(tensor, $"its file '{location}' lies beside the model's file, and this model was read from memory");
        }

        if (location.Contains('\0', StringComparison.Ordinal))
        {
            throw Missing(tensor, "the name of its file is damaged");
        }

        var path = Path.GetFullPath(Path.Combine(folder, location));
        if (!allowOutside && (!IsBelow(path, folder) || LeavesThroughLink(path, folder)))
        {
            throw new OnnxCompressException(
                DiagnosticCodes.ExternalDataOutside,
                $"Initializer '{tensor.Name}' keeps its data in '{location}', outside the model's folder; allow that with --allow-external-outside if you trust the model.");
        }

        if (!File.Exists(path))
        {
            throw Missing(tensor, $"its file '{location}' does not exist");
        }

        using var handle = File.OpenHandle(path);
        var available = RandomAccess.GetLength(handle);
        var offset = Number(tensor, "offset", 0);
        var length = Number(tensor, "length", available - offset);
        if (offset < 0 || length < 0 || length > Array.MaxLength || offset > available || length > available - offset)
        {
            throw Missing(tensor, $"it wants {length} bytes at {offset} of '{location}', which has {available}");
        }

        // Tensors that all name the same bytes would take memory without end from a small file.
        taken[path] = taken.GetValueOrDefault(path) + length;
        if (taken[path] > available)
        {
            throw Missing(tensor, $"the tensors that lie in '{location}' want more bytes than its {available}, so that they overlap");
        }

        var bytes = GC.AllocateUninitializedArray<byte>((int)length);
        for (var read = 0; read < bytes.Length;)
        {
            var count = RandomAccess.Read(handle, bytes.AsSpan(read), offset + read);
            if (count == 0)
            {
                throw Missing(tensor, $"'{location}' became shorter while it was read");
            }

            read += count;
        }

        return bytes;
    }

    private static string? Entry(TensorProto tensor, string key) => tensor.ExternalData.FirstOrDefault(e => e.Key == key)?.Value;

    private static long Number(TensorProto tensor, string key, long otherwise)
    {
        var text = Entry(tensor, key);
        if (string.IsNullOrEmpty(text))
        {
            return otherwise;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Missing(tensor, $"its {key} '{text}' is not a number");
    }

    private static bool IsBelow(string path, string folder) =>
        path.StartsWith(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>Whether a symbolic link on the way from the folder to the file leads out of the folder.</summary>
    private static bool LeavesThroughLink(string path, string folder)
    {
        var root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        for (var step = path; step.Length > root.Length; step = Path.GetDirectoryName(step)!)
        {
            FileSystemInfo info = Directory.Exists(step) ? new DirectoryInfo(step) : new FileInfo(step);
            if (info.Exists && info.ResolveLinkTarget(returnFinalTarget: true) is { } target && !IsBelow(target.FullName, folder))
            {
                return true;
            }
        }

        return false;
    }

    private static OnnxCompressException Missing(TensorProto tensor, string reason) =>
        new(DiagnosticCodes.ExternalDataMissing, $"The external data of initializer '{tensor.Name}' cannot be read: {reason}.");
}
