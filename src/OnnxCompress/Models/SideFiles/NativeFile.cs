using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace OnnxCompress.Models;

/// <summary>
/// What the systems say about files and .NET does not pass on: the kind of an open file, and where it lies when all links
/// are followed. The task that shares this file runs on netstandard2.0, which knows no generated calls.
/// </summary>
internal static class NativeFile
{
    // Linux: statx(2) has one layout on every processor. https://man7.org/linux/man-pages/man2/statx.2.html
    private const int CurrentFolder = -100;
    private const int EmptyPath = 0x1000;
    private const int NoFollow = 0x100;
    private const uint BasicStatus = 0x7FF;

    // Never waits for the other end of a FIFO, is not inherited, takes no terminal.
    private const int LinuxFlags = 0x800 | 0x80000 | 0x100;
    private const int MacFlags = 0x4 | 0x1000000 | 0x20000;

    private const int NotThere = 2;
    private const int NotAFolder = 20;

    private static bool IsOldMac { get; } = !RuntimeInformation.IsOSPlatform(OSPlatform.Linux) && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    private static bool IsLinux { get; } = RuntimeInformation.IsOSPlatform(OSPlatform.Linux);

    /// <summary>Opens a file of a Unix for reading.</summary>
    /// <returns>Null when it does not exist.</returns>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static SafeFileHandle? Open(string path)
    {
        var handle = open(Text(path), IsLinux ? LinuxFlags : MacFlags);
        return handle >= 0 ? new SafeFileHandle((IntPtr)handle, ownsHandle: true) : Absent<SafeFileHandle>();
    }

    /// <summary>What a name of a Unix stands for.</summary>
    /// <param name="path">The name.</param>
    /// <param name="follow">Whether links are followed.</param>
    /// <returns>Null when there is no such file.</returns>
    /// <exception cref="IOException">The system does not tell.</exception>
    public static FileStatus? Look(string path, bool follow = true)
    {
        var answer = new byte[512];
        var failed = (IsLinux, IsOldMac, follow) switch
        {
            (true, _, _) => statx(CurrentFolder, Text(path), follow ? 0 : NoFollow, BasicStatus, answer),
            (_, true, true) => stat64(Text(path), answer),
            (_, true, false) => lstat64(Text(path), answer),
            (_, _, true) => stat(Text(path), answer),
            _ => lstat(Text(path), answer),
        };
        return failed == 0 ? Read(answer) : Absent<FileStatus>();
    }

    /// <summary>What an open file of a Unix is.</summary>
    /// <exception cref="IOException">The system does not tell.</exception>
    public static FileStatus Look(SafeFileHandle handle)
    {
        var answer = new byte[512];
        var number = (int)handle.DangerousGetHandle();
        var failed = IsLinux ? statx(number, Text(""), EmptyPath, BasicStatus, answer) : IsOldMac ? fstat64(number, answer) : fstat(number, answer);
        return failed == 0 ? Read(answer) : throw Failure();
    }

    /// <summary>Where an open file of a Unix lies, without links.</summary>
    /// <param name="handle">The open file.</param>
    /// <param name="path">The name it was opened by, for systems that cannot tell from the handle.</param>
    /// <exception cref="IOException">The system does not tell.</exception>
    public static string RealPath(SafeFileHandle handle, string path)
    {
        var answer = new byte[4097];
        var length = IsLinux ? (long)readlink(Text($"/proc/self/fd/{handle.DangerousGetHandle()}"), answer, (IntPtr)(answer.Length - 1)) : -1;
        if (length < 0)
        {
            length = realpath(Text(path), answer) == IntPtr.Zero ? throw Failure() : Array.IndexOf(answer, (byte)0);
        }

        return Encoding.UTF8.GetString(answer, 0, (int)length);
    }

    /// <summary>Whether an open file of Windows is one on a disk.</summary>
    public static bool IsOnDisk(SafeFileHandle handle) => GetFileType(handle) == 1;

    /// <summary>Where an open file of Windows lies, without links.</summary>
    /// <exception cref="IOException">The system does not tell.</exception>
    public static string WindowsPath(SafeFileHandle handle)
    {
        var answer = new char[32768];
        var length = (int)GetFinalPathNameByHandle(handle, answer, (uint)answer.Length, 0);
        if (length == 0 || length >= answer.Length)
        {
            throw Failure();
        }

        // \\?\C:\folder and \\?\UNC\server\share.
        var path = new string(answer, 0, length);
        return path.StartsWith(@"\\?\UNC\", StringComparison.Ordinal) ? path.Remove(2, 6)
            : path.StartsWith(@"\\?\", StringComparison.Ordinal) ? path.Substring(4) : path;
    }

    // struct statx, and the struct stat of macOS, which also has one layout on every processor.
    private static FileStatus Read(byte[] answer) => IsLinux
        ? new(
            KindOf(BitConverter.ToUInt16(answer, 28)), BitConverter.ToInt64(answer, 40),
            ((ulong)BitConverter.ToUInt32(answer, 136) << 32) | BitConverter.ToUInt32(answer, 140), BitConverter.ToUInt64(answer, 32), BitConverter.ToUInt32(answer, 20), BitConverter.ToUInt16(answer, 28) & 0x1FF)
        : new(
            KindOf(BitConverter.ToUInt16(answer, 4)), BitConverter.ToInt64(answer, 96),
            BitConverter.ToUInt32(answer, 0), BitConverter.ToUInt64(answer, 8), BitConverter.ToUInt32(answer, 16), BitConverter.ToUInt16(answer, 4) & 0x1FF);

    private static FileKind KindOf(ushort mode) => (mode & 0xF000) switch
    {
        0x8000 => FileKind.Regular,
        0x4000 => FileKind.Folder,
        0xA000 => FileKind.Link,
        _ => FileKind.Special,
    };

    private static T? Absent<T>()
        where T : class => Marshal.GetLastWin32Error() is NotThere or NotAFolder ? null : throw Failure();

    private static IOException Failure() => new(new Win32Exception(Marshal.GetLastWin32Error()).Message);

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text + '\0');

// Generated calls do not exist on netstandard2.0; the names are those of the systems.
#pragma warning disable SYSLIB1054, IDE1006, SA1300
    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int open(byte[] path, int flags);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int statx(int folder, byte[] path, int flags, uint mask, byte[] answer);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int stat(byte[] path, byte[] answer);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int fstat(int handle, byte[] answer);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int lstat(byte[] path, byte[] answer);

    [DllImport("libc", EntryPoint = "lstat$INODE64", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int lstat64(byte[] path, byte[] answer);

    [DllImport("libc", EntryPoint = "stat$INODE64", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int stat64(byte[] path, byte[] answer);

    [DllImport("libc", EntryPoint = "fstat$INODE64", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int fstat64(int handle, byte[] answer);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern IntPtr readlink(byte[] path, byte[] answer, IntPtr size);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern IntPtr realpath(byte[] path, byte[] answer);

    [DllImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern uint GetFileType(SafeFileHandle handle);

    [DllImport("kernel32", EntryPoint = "GetFinalPathNameByHandleW", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern uint GetFinalPathNameByHandle(SafeFileHandle handle, [Out] char[] path, uint size, uint flags);
#pragma warning restore SYSLIB1054, IDE1006, SA1300
}
