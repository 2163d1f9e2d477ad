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

        try
        {
            return NativeFile.Look(path, follow) is { } status ? new(status.Kind, status.Device, status.Number, status.Owner) : default;
        }
        catch (IOException)
        {
            return default;
        }
        catch (EntryPointNotFoundException)
        {
            // A C library older than the call.
            return ByAttributes(path);
        }
    }

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
