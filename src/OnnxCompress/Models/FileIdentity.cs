using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace OnnxCompress.Models;

/// <summary>
/// What a path names, as the file system states it: .NET tells neither devices and FIFOs from files nor two names of one
/// file from two files.
/// </summary>
/// <param name="Kind">What it is.</param>
/// <param name="Device">The file system it lies on; 0 with <paramref name="Number"/> where the system does not say.</param>
/// <param name="Number">Its number there (inode): equal for all hard links of a file.</param>
/// <param name="Owner">The user it belongs to; 0 where the system has no such numbers.</param>
internal readonly partial record struct FileIdentity(FileKind Kind, ulong Device, ulong Number, uint Owner)
{
    private const int CurrentFolder = -100;
    private const int NoFollow = 0x100;
    private const uint BasicStatus = 0x7ff;

    /// <summary>The path itself: a link is a link.</summary>
    public static FileIdentity OfEntry(string path) => Of(path, follow: false);

    /// <summary>What the path leads to, through any links.</summary>
    public static FileIdentity OfTarget(string path) => Of(path, follow: true);

    /// <summary>Whether both are one file, under whatever names; false where the system does not say.</summary>
    public bool IsSameAs(FileIdentity other) => Number != 0 && Device == other.Device && Number == other.Number;

    private static FileIdentity Of(string path, bool follow)
    {
        if (OperatingSystem.IsWindows())
        {
            return OnWindows(path, follow);
        }

        if (OperatingSystem.IsLinux() && StatxNumber() is { } number)
        {
            return OnLinux(path, follow, number);
        }

        return OperatingSystem.IsMacOS() && RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? OnMac(path, follow) : ByAttributes(path);
    }

    /// <summary>Called by number: not every C library has a function for it, and the layout is the kernel's own.</summary>
    private static nint? StatxNumber() => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 332,
        Architecture.Arm64 or Architecture.RiscV64 or Architecture.LoongArch64 => 291,
        Architecture.S390x => 379,
        Architecture.Ppc64le => 383,
        _ => null,
    };

    private static FileIdentity OnLinux(string path, bool follow, nint number)
    {
        Span<byte> status = stackalloc byte[256];
        status.Clear();
        if (syscall(number, CurrentFolder, path, follow ? 0 : NoFollow, (nint)BasicStatus, status) != 0)
        {
            return default;
        }

        var device = ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(status[136..]) << 32) | BinaryPrimitives.ReadUInt32LittleEndian(status[140..]);
        return new(
            KindOf(BinaryPrimitives.ReadUInt16LittleEndian(status[28..])), device, BinaryPrimitives.ReadUInt64LittleEndian(status[32..]),
            BinaryPrimitives.ReadUInt32LittleEndian(status[20..]));
    }

    private static FileIdentity OnMac(string path, bool follow)
    {
        Span<byte> status = stackalloc byte[256];
        status.Clear();
        return (follow ? stat(path, status) : lstat(path, status)) != 0
            ? default
            : new(
                KindOf(BinaryPrimitives.ReadUInt16LittleEndian(status[4..])), BinaryPrimitives.ReadUInt32LittleEndian(status),
                BinaryPrimitives.ReadUInt64LittleEndian(status[8..]), BinaryPrimitives.ReadUInt32LittleEndian(status[16..]));
    }

    private static FileKind KindOf(ushort mode) => (mode & 0xf000) switch
    {
        0x8000 => FileKind.Regular,
        0x4000 => FileKind.Folder,
        0xa000 => FileKind.Link,
        _ => FileKind.Special,
    };

    private static FileIdentity OnWindows(string path, bool follow)
    {
        // NUL, COM1 and their like become \\.\NUL whatever folder is before them.
        if (Path.GetFullPath(path).StartsWith(@"\\.\", StringComparison.Ordinal))
        {
            return new(FileKind.Special, 0, 0, 0);
        }

        var entry = ByAttributes(path);
        if (entry.Kind is FileKind.Missing or FileKind.Folder || (entry.Kind == FileKind.Link && !follow))
        {
            return entry;
        }

        try
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return GetFileInformationByHandle(handle, out var found)
                ? new(FileKind.Regular, found.Volume, ((ulong)found.NumberHigh << 32) | found.NumberLow, 0)
                : entry;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return entry;
        }
    }

    private static FileIdentity ByAttributes(string path)
    {
        FileSystemInfo info = Directory.Exists(path) ? new DirectoryInfo(path) : new FileInfo(path);
        return new(
            info.LinkTarget is not null ? FileKind.Link : !info.Exists ? FileKind.Missing : info is DirectoryInfo ? FileKind.Folder : FileKind.Regular, 0, 0, 0);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint syscall(nint number, nint folder, string path, nint flags, nint mask, Span<byte> status);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int stat(string path, Span<byte> status);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int lstat(string path, Span<byte> status);

    [LibraryImport("kernel32")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetFileInformationByHandle(SafeFileHandle file, out WindowsInformation information);

    /// <summary>BY_HANDLE_FILE_INFORMATION.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct WindowsInformation
    {
        public uint Attributes;
        public uint CreatedLow;
        public uint CreatedHigh;
        public uint AccessedLow;
        public uint AccessedHigh;
        public uint WrittenLow;
        public uint WrittenHigh;
        public uint Volume;
        public uint SizeHigh;
        public uint SizeLow;
        public uint Links;
        public uint NumberHigh;
        public uint NumberLow;
    }
}
