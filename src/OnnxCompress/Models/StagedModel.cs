using System.Globalization;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>
/// A model that is written beside its place and not in it yet. Whoever reads its path, at any moment and after any crash, finds
/// the old model or the new one, each with its own side file.
/// </summary>
public sealed class StagedModel : IDisposable
{
    private readonly AtomicFiles _files;
    private readonly ModelProto _proto;
    private readonly string _target;
    private readonly string? _data;

    private StagedModel(AtomicFiles files, ModelProto proto, string target, string path, string? data) =>
        (_files, _proto, _target, Path, _data) = (files, proto, target, path, data);

    /// <summary>Where the model is until it is put in place.</summary>
    public string Path { get; }

    private string SideFile => SideFileOf(_target);

    /// <summary>Where a model keeps the tensors that lie apart.</summary>
    public static string SideFileOf(string target) => target + ".data";

    /// <summary>Writes a model under a temporary name.</summary>
    /// <param name="proto">The model; not changed.</param>
    /// <param name="isExternal">Which tensors lie apart, in the side file; null: one file.</param>
    /// <param name="target">The model's place, in full.</param>
    /// <exception cref="IOException">It cannot be written; nothing was replaced, and nothing is left.</exception>
    internal static StagedModel Write(ModelProto proto, Func<TensorProto, bool>? isExternal, string target)
    {
#pragma warning disable CA2000 // The staged model deletes what is not committed.
        var files = new AtomicFiles();
#pragma warning restore CA2000
        try
        {
            string? data = null;
            if (isExternal is not null)
            {
                var side = SideFileOf(target);
                data = files.Add(side);
                proto = proto.Clone();
                ExternalData.Externalize(proto, isExternal, data, System.IO.Path.GetFileName(side));
            }

            var path = files.Add(target);
            Write(proto, path);
            return new(files, proto, target, path, data);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>Puts the model in its place.</summary>
    /// <exception cref="IOException">It cannot be replaced; what was there before still is.</exception>
    public void Commit()
    {
        if (_data is null)
        {
            _files.Commit();
            return;
        }

        // Two processes that write one output must not end with the model of one and the data of the other.
        using var turn = FolderTurn.Take(_target);
        if (File.Exists(SideFile) && File.Exists(_target))
        {
            Switch(_data);
        }
        else
        {
            _files.Commit();
        }
    }

    /// <inheritdoc />
    public void Dispose() => _files.Dispose();

    /// <summary>
    /// Replaces a model and its side file. No two files can be renamed at once, so for a moment the path holds the new
    /// model with the new data under a name of their own: the old data are replaced when nothing refers to them.
    /// </summary>
    private void Switch(string data)
    {
        var meantime = Enumerable.Range(1, int.MaxValue)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"{_target}.new{i}.data"))
            .First(path => !File.Exists(path));
        using var first = new AtomicFiles();
        try
        {
            HardLink.Create(data, meantime);
            Write(ExternalData.At(_proto, System.IO.Path.GetFileName(SideFile), System.IO.Path.GetFileName(meantime)), first.Add(_target));
            // Both files, or the old model comes back.
            first.Commit(() => _files.Commit());
        }
        catch
        {
            File.Delete(meantime);
            throw;
        }

        // Only names that this method gives: the model's own side file may bear one that is similar.
        var folder = System.IO.Path.GetDirectoryName(_target)!;
        foreach (var left in Directory.EnumerateFiles(folder).Where(file => IsMeantime(System.IO.Path.GetFileName(file), System.IO.Path.GetFileName(_target))).ToArray())
        {
            File.Delete(left);
        }
    }

    private static bool IsMeantime(string file, string target)
    {
        const string Start = ".new", End = ".data";
        return file.StartsWith(target + Start, StringComparison.Ordinal) && file.EndsWith(End, StringComparison.Ordinal)
            && file.Length > target.Length + Start.Length + End.Length
            && !file.AsSpan(target.Length + Start.Length, file.Length - target.Length - Start.Length - End.Length).ContainsAnyExceptInRange('0', '9');
    }

    private static void Write(ModelProto proto, string path)
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None);
        Google.Protobuf.MessageExtensions.WriteTo(proto, stream);
        stream.Flush(flushToDisk: true);
    }
}
