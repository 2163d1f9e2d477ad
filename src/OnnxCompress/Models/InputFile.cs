using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Models;

/// <summary>
/// Opens files that the user or another file names. Only regular files have a length that bounds what is read: a pipe, a
/// socket or a device is refused, on its name before it is opened and again on the handle that is read, which is opened so
/// that nothing waits for a writer.
/// </summary>
internal static partial class InputFile
{
    /// <summary>The kind of file in the bits of a mode, POSIX <c>S_IFMT</c>.</summary>
    private const int KindBits = 0xF000;

    private const int RegularFile = 0x8000;

    private const int CurrentFolder = -100;

    private const int EmptyPath = 0x1000;

    private const uint KindOnly = 0x1;

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="OnnxCompressException">OCX9041: it is no regular file.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static SafeFileHandle OpenHandle(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return Checked(File.OpenHandle(path), path);
        }

        // Opening alone can do something to a device.
        Require(ModeOf(path), path);
        var (nonBlocking, closeOnExec) = OperatingSystem.IsLinux() ? (0x800, 0x80000) : (0x4, 0x1000000);
        var descriptor = Open(path, nonBlocking | closeOnExec);
        return descriptor < 0 ? throw Failure(path, Marshal.GetLastPInvokeError()) : Checked(new SafeFileHandle(descriptor, ownsHandle: true), path);
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

    private static SafeFileHandle Checked(SafeFileHandle handle, string path)
    {
        try
        {
            if (OperatingSystem.IsWindows() ? GetFileType(handle) != 1 : !IsRegular(handle))
            {
                throw NotAFile(path, "is a pipe or a device");
            }

            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static bool IsRegular(SafeFileHandle handle)
    {
        Span<byte> buffer = stackalloc byte[256];
        return OperatingSystem.IsLinux() && TryStatx((int)handle.DangerousGetHandle(), "", EmptyPath, buffer)
            ? (Mode(buffer) & KindBits) == RegularFile
            // Elsewhere pipes and sockets are known by having no positions; devices were found by their attributes.
            : Seek(handle, 0, 1) >= 0;
    }

    private static void Require(int? mode, string path)
    {
        if (mode is { } known && (known & KindBits) != RegularFile)
        {
            throw NotAFile(path, (known & KindBits) switch
            {
                0x1000 => "is a pipe",
                0x2000 or 0x6000 => "is a device",
                0x4000 => "is a folder",
                0xC000 => "is a socket",
                _ => "is no regular file",
            });
        }
    }

    /// <summary>The mode of what a path leads to; null where there is nothing, or nothing is known.</summary>
    private static int? ModeOf(string path)
    {
        Span<byte> buffer = stackalloc byte[256];
        return OperatingSystem.IsLinux() && TryStatx(CurrentFolder, path, 0, buffer) ? Mode(buffer)
            : (File.Exists(path) && (File.GetAttributes(path) & FileAttributes.Device) != 0) ? 0x2000
            : null;
    }

    // stx_mode.
    private static int Mode(ReadOnlySpan<byte> status) => BinaryPrimitives.ReadUInt16LittleEndian(status[28..]);

    private static bool TryStatx(int folder, string path, int flags, Span<byte> buffer)
    {
        try
        {
            return Statx(folder, path, flags, KindOnly, ref MemoryMarshal.GetReference(buffer)) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            // A C library older than the call.
            return false;
        }
    }

    private static OnnxCompressException NotAFile(string path, string what) =>
        new(DiagnosticCodes.InputNotAFile, $"'{path}' {what}; only regular files are read. Copy its content into one.");

    private static Exception Failure(string path, int error) => error switch
    {
        2 or 20 => new FileNotFoundException($"Could not find file '{path}'.", path),
        1 or 13 => new UnauthorizedAccessException($"Access to the path '{path}' is denied."),
        _ => new IOException($"{Marshal.GetPInvokeErrorMessage(error)} : '{path}'"),
    };

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(int folder, string path, int flags, uint mask, ref byte buffer);

    [LibraryImport("libc", EntryPoint = "lseek")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial long Seek(SafeFileHandle file, long offset, int from);

    [LibraryImport("kernel32")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int GetFileType(SafeFileHandle file);
}
