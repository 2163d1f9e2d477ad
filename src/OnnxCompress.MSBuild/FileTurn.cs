namespace OnnxCompress.MSBuild;

/// <summary>
/// A file that one process at a time has open. The system gives it up when the process ends, however it ends: nothing has to
/// be cleaned up after a kill, and nobody has to guess whether an owner lives.
/// </summary>
internal static class FileTurn
{
    private const int PauseMilliseconds = 50;

    /// <summary>Waits until the file is free, and takes it.</summary>
    /// <param name="path">The file; its folder must be there.</param>
    /// <param name="longest">How long to wait.</param>
    /// <param name="waiting">Called once when there is a wait.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="FolderBusyException">It was not free in time.</exception>
    /// <exception cref="IOException">It cannot be opened at all.</exception>
    /// <exception cref="OperationCanceledException">The build was cancelled.</exception>
    public static FileStream Take(string path, TimeSpan longest, Action waiting, CancellationToken cancellation)
    {
        var until = DateTime.UtcNow + longest;
        for (var waited = false; ; waited = true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException taken) when (IsTaken(taken))
            {
                if (DateTime.UtcNow > until)
                {
                    throw new FolderBusyException(
                        $"Another run has held '{path}' for {longest.TotalSeconds:F0} s. Wait for the other build, or end the process 'dotnet-onnx-compress.dll' that an earlier build left, and build again.");
                }

                if (!waited)
                {
                    waiting();
                }

                _ = cancellation.WaitHandle.WaitOne(PauseMilliseconds);
            }
        }
    }

    // Sharing and lock violation on Windows; EAGAIN on Linux and on macOS.
    private static bool IsTaken(IOException failure) => Path.DirectorySeparatorChar == '\\'
        ? (failure.HResult & 0xffff) is 32 or 33
        : failure.HResult is 11 or 35;
}
