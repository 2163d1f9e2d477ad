using Microsoft.Win32.SafeHandles;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Models;

/// <summary>
/// Opens files that the user or another file names. Only regular files have a length that bounds what is read: a pipe, a
/// socket or a device is refused, on its name before it is opened and again on the handle that is read, which is opened so
/// that nothing waits for a writer.
/// </summary>
internal static class InputFile
{
    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="OnnxCompressException">OCX9041: it is no regular file.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static SafeFileHandle OpenHandle(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return Checked(File.OpenHandle(path), path, NativeFile.IsOnDisk);
        }

        // Opening alone can do something to a device.
        Require(NativeFile.Look(path)?.Kind ?? throw Absent(path), path);
        return Checked(NativeFile.Open(path) ?? throw Absent(path), path, handle => NativeFile.Look(handle).Kind == FileKind.Regular);
    }

    /// <summary>Opens a file as a stream.</summary>
    /// <exception cref="OnnxCompressException">OCX9041: it is no regular file.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static FileStream OpenRead(string path)
    {
#pragma warning disable CA2000 // The stream owns the handle.
        return new FileStream(OpenHandle(path), FileAccess.Read);
#pragma warning restore CA2000
    }

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">Bytes it may have.</param>
    /// <exception cref="OnnxCompressException">OCX9041: it is no regular file.</exception>
    /// <exception cref="IOException">It cannot be read, or is larger.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static byte[] ReadAllBytes(string path, long most = int.MaxValue - 64)
    {
        using var handle = OpenHandle(path);
        var length = RandomAccess.GetLength(handle);
        if (length > most)
        {
            throw new IOException($"it has {length} bytes, and at most {most} are read");
        }

        var bytes = GC.AllocateUninitializedArray<byte>((int)length);
        for (var read = 0; read < bytes.Length;)
        {
            var count = RandomAccess.Read(handle, bytes.AsSpan(read), read);
            read += count > 0 ? count : throw new IOException("it became shorter while it was read");
        }

        return bytes;
    }

    private static SafeFileHandle Checked(SafeFileHandle handle, string path, Func<SafeFileHandle, bool> isRegular)
    {
        try
        {
            return isRegular(handle) ? handle : throw NotAFile(path, FileKind.Special);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static void Require(FileKind kind, string path)
    {
        if (kind != FileKind.Regular)
        {
            throw NotAFile(path, kind);
        }
    }

    private static FileNotFoundException Absent(string path) => new($"Could not find file '{path}'.", path);

    private static OnnxCompressException NotAFile(string path, FileKind kind) => new(
        DiagnosticCodes.InputNotAFile,
        $"'{path}' is {(kind == FileKind.Folder ? "a folder" : "a pipe, a socket or a device")}; only regular files are read. Copy its content into one.");
}
