using System.Runtime.InteropServices;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Models;

/// <summary>
/// An open file that was seen to be a regular one. What was checked is what is read: kind, size and place are those of the
/// handle, whatever happens to the name meanwhile.
/// </summary>
internal sealed class RegularFile : IDisposable
{
    private RegularFile(FileStream stream, long length, string realPath) => (Stream, Length, RealPath) = (stream, length, realPath);

    /// <summary>Reads it from the start.</summary>
    public FileStream Stream { get; }

    /// <summary>Bytes, as the file system stated them when the file was opened.</summary>
    public long Length { get; }

    /// <summary>Where it lies when all links are followed.</summary>
    public string RealPath { get; }

    /// <summary>The folder it lies in when all links are followed.</summary>
    public string RealFolder => Path.GetDirectoryName(RealPath)!;

    /// <summary>Opens a file for reading. Never waits, as opening a FIFO would.</summary>
    /// <exception cref="FileRefusedException">OCX1004: it is not there or cannot be opened; OCX1009: it is no regular file.</exception>
    public static RegularFile Open(string path)
    {
        try
        {
            return RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? OpenOnWindows(path) : OpenOnUnix(path);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Absent();
        }
        catch (Exception failure) when (failure is not FileRefusedException && failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new FileRefusedException(DiagnosticCodes.ExternalDataMissing, $"cannot be opened ({failure.Message.TrimEnd('.')})");
        }
    }

    /// <inheritdoc />
    public void Dispose() => Stream.Dispose();

// The stream that is made here belongs to the result, which is disposed by its user.
#pragma warning disable CA2000
    // Opening alone makes some devices act, so the name is looked at before; what counts is the look at the handle after.
    private static RegularFile OpenOnUnix(string path)
    {
        _ = LengthOf(NativeFile.Look(path));
        var handle = NativeFile.Open(path) ?? throw Absent();
        try
        {
            var length = LengthOf(NativeFile.Look(handle));
            return new(new FileStream(handle, FileAccess.Read), length, NativeFile.RealPath(handle, path));
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static RegularFile OpenOnWindows(string path)
    {
        if (Directory.Exists(path))
        {
            throw NoFile(isFolder: true);
        }

        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        try
        {
            return NativeFile.IsOnDisk(stream.SafeFileHandle) ? new(stream, stream.Length, NativeFile.WindowsPath(stream.SafeFileHandle)) : throw NoFile(isFolder: false);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

#pragma warning restore CA2000

    private static long LengthOf(FileStatus? status) => status is null ? throw Absent()
        : status.Kind == FileKind.Regular ? status.Length : throw NoFile(status.Kind == FileKind.Folder);

    private static FileRefusedException Absent() => new(DiagnosticCodes.ExternalDataMissing, "does not exist");

    private static FileRefusedException NoFile(bool isFolder) =>
        new(DiagnosticCodes.ExternalDataUnusable, isFolder ? "is a folder" : "is a device, a FIFO or a socket, and no regular file");
}
