using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>
/// Writes a model so that whoever reads its path, at any moment and after any crash, finds the old model or the new one,
/// each with its own side file.
/// </summary>
internal static partial class ModelWriter
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(10);

    /// <summary>Writes a model into one file.</summary>
    /// <exception cref="IOException">It cannot be written; nothing was replaced.</exception>
    public static void Save(ModelProto proto, string target)
    {
        using var files = new AtomicFiles();
        Write(proto, files.Add(target));
        files.Commit();
    }

    /// <summary>Writes a model as it stands in another file.</summary>
    /// <exception cref="IOException">It cannot be written; nothing was replaced.</exception>
    public static void Save(Stream from, string target)
    {
        using var files = new AtomicFiles();
        using (var stream = new FileStream(files.Add(target), FileMode.Create, FileAccess.Write, FileShare.None))
        {
            from.CopyTo(stream);
            stream.Flush(flushToDisk: true);
        }

        files.Commit();
    }

    /// <summary>Writes a model with some of its tensors in <c>&lt;name&gt;.data</c>.</summary>
    /// <param name="proto">The model; not changed.</param>
    /// <param name="isExternal">Which tensors lie apart.</param>
    /// <param name="target">The model's file.</param>
    /// <exception cref="IOException">It cannot be written; nothing was replaced.</exception>
    public static void SaveApart(ModelProto proto, Func<TensorProto, bool> isExternal, string target)
    {
        var side = target + ".data";
        using var files = new AtomicFiles();
        var data = files.Add(side);
        var apart = proto.Clone();
        ExternalData.Externalize(apart, isExternal, data, Path.GetFileName(side));
        Write(apart, files.Add(target));
        // Two processes that write one output must not end with the model of one and the data of the other.
        using var turn = TakeTurn(target);
        if (File.Exists(side) && File.Exists(target))
        {
            Switch(apart, data, side, target, files);
        }
        else
        {
            files.Commit();
        }
    }

    /// <summary>
    /// Replaces a model and its side file. No two files can be renamed at once, so for a moment the path holds the new
    /// model with the new data under a name of their own: the old data are replaced when nothing refers to them.
    /// </summary>
    private static void Switch(ModelProto model, string data, string side, string target, AtomicFiles files)
    {
        var meantime = Enumerable.Range(1, int.MaxValue)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"{target}.new{i}.data"))
            .First(path => !File.Exists(path));
        try
        {
            Link(data, meantime);
            using (var first = new AtomicFiles())
            {
                Write(ExternalData.At(model, Path.GetFileName(side), Path.GetFileName(meantime)), first.Add(target));
                first.Commit();
            }
        }
        catch
        {
            File.Delete(meantime);
            throw;
        }

        files.Commit();
        // Only names that this method gives: the model's own side file may bear one that is similar.
        foreach (var left in Directory.EnumerateFiles(Path.GetDirectoryName(target)!).Where(file => IsMeantime(Path.GetFileName(file), Path.GetFileName(target))).ToArray())
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
        proto.WriteTo(stream);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>A second name for a file, or a copy where the file system knows no second names.</summary>
    private static void Link(string file, string name)
    {
        var isLinked = OperatingSystem.IsWindows() ? CreateHardLink(name, file, 0) : link(file, name) == 0;
        if (!isLinked)
        {
            File.Copy(file, name, overwrite: true);
        }
    }

    /// <summary>Waits until no other process of this machine and user is about to put the same output in place.</summary>
    private static FileStream? TakeTurn(string target)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Environment.UserName}:{target}")).AsSpan(0, 8));
        var path = Path.Combine(Path.GetTempPath(), $"onnx-compress-{name}.lock");
        for (var start = Environment.TickCount64; Environment.TickCount64 - start < LongestWait.TotalMilliseconds;)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path))
            {
                Thread.Sleep(50);
            }
            catch (Exception none) when (none is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }

        throw new IOException($"Another process has been writing '{target}' for {LongestWait.TotalMinutes:F0} minutes.");
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int link(string file, string name);

    [LibraryImport("kernel32", EntryPoint = "CreateHardLinkW", StringMarshalling = StringMarshalling.Utf16)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CreateHardLink(string name, string file, nint security);
}
