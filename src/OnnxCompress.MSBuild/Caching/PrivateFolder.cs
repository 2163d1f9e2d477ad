using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using OnnxCompress.Models;

namespace OnnxCompress.MSBuild;

/// <summary>
/// Folders and files that belong to the user alone. On Windows a folder has the rights of the one above it, which in a profile
/// are the user's; there is nothing to look at.
/// </summary>
internal static class PrivateFolder
{
    // rwx for the owner, nothing for others.
    private const int OwnersAlone = 0x1C0;

    private static bool IsUnix { get; } = Path.DirectorySeparatorChar == '/';

    /// <summary>Creates a folder for the user alone, and those above it as the system does; one that is there stays as it is.</summary>
    /// <exception cref="IOException">It cannot be created.</exception>
    public static void Create(string path)
    {
        var folder = path.TrimEnd(Path.DirectorySeparatorChar);
        if (Directory.Exists(folder))
        {
            return;
        }

        if (Path.GetDirectoryName(folder) is { Length: > 0 } above)
        {
            _ = Directory.CreateDirectory(above);
        }

        if (!IsUnix)
        {
            _ = Directory.CreateDirectory(folder);
        }
        else if (mkdir(Encoding.UTF8.GetBytes(folder + '\0'), OwnersAlone) != 0 && !Directory.Exists(folder))
        {
            throw new IOException($"'{folder}' cannot be created: {new Win32Exception(Marshal.GetLastWin32Error()).Message}");
        }
    }

    /// <summary>Why what lies at a path must not be trusted; null when it belongs to the user and nobody else may write it.</summary>
    /// <param name="path">A folder or a file.</param>
    /// <param name="kind">What it must be.</param>
    /// <param name="follow">Whether it may be reached by a link; else a link is neither.</param>
    /// <exception cref="IOException">The system does not tell.</exception>
    public static string? Objection(string path, FileKind kind, bool follow = false)
    {
        if (!IsUnix)
        {
            return !follow && (File.GetAttributes(path) & FileAttributes.ReparsePoint) != 0 ? $"'{path}' is a link" : null;
        }

        return NativeFile.Look(path.TrimEnd('/'), follow) is not { } status ? $"'{path}' does not exist"
            : status.Kind != kind ? $"'{path}' is a link or another kind of file than it should be"
            : status.Owner != geteuid() ? $"'{path}' belongs to another user"
            : status.OthersMayWrite ? $"'{path}' may be written by other users"
            : null;
    }

// Generated calls do not exist on netstandard2.0; the names are those of the systems.
#pragma warning disable SYSLIB1054, IDE1006, SA1300
    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int mkdir(byte[] path, int mode);

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint geteuid();
#pragma warning restore SYSLIB1054, IDE1006, SA1300
}
