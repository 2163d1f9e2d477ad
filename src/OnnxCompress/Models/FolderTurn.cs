using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace OnnxCompress.Models;

/// <summary>
/// Processes that put the same output in place take turns. On Unix the folder of the output is what is locked, so that no lock
/// file lies about whose name others could take first; on Windows the system removes the lock file with its handle.
/// </summary>
internal static partial class FolderTurn
{
    private const int Exclusive = 2;
    private const int DoNotWait = 4;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(10);

    /// <summary>Waits for its turn.</summary>
    /// <param name="target">The output, in full.</param>
    /// <returns>Ends the turn when disposed; null where the file system knows no locks.</returns>
    /// <exception cref="IOException">Another process keeps its turn for ten minutes.</exception>
    public static IDisposable? Take(string target)
    {
        for (var start = Environment.TickCount64; Environment.TickCount64 - start < LongestWait.TotalMilliseconds; Thread.Sleep(50))
        {
            var (turn, isTaken) = OperatingSystem.IsWindows() ? OnWindows(target) : OnUnix(Path.GetDirectoryName(target)!);
            if (!isTaken)
            {
                return turn;
            }
        }

        throw new IOException($"Another process has been writing '{target}' for {LongestWait.TotalMinutes:F0} minutes.");
    }

    private static (IDisposable? Turn, bool IsTaken) OnUnix(string folder)
    {
        var closeOnExec = OperatingSystem.IsMacOS() ? 0x1000000 : 0x80000;
        var descriptor = open(folder, closeOnExec);
        if (descriptor < 0)
        {
            return (null, false);
        }

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (flock(descriptor, Exclusive | DoNotWait) == 0)
        {
            return (handle, false);
        }

        var wouldBlock = OperatingSystem.IsMacOS() ? 35 : 11;
        var isTaken = Marshal.GetLastPInvokeError() == wouldBlock;
        handle.Dispose();
        return (null, isTaken);
    }

    private static (IDisposable? Turn, bool IsTaken) OnWindows(string target)
    {
        try
        {
            return (new FileStream(target + ".turn.tmp", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose), false);
        }
        catch (Exception taken) when (taken is IOException or UnauthorizedAccessException)
        {
            return (null, true);
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int flock(int descriptor, int operation);
}
