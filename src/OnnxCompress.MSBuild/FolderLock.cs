using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace OnnxCompress.MSBuild;

/// <summary>Holds a model's folder against other frameworks and processes that want the same result: they wait and then find it.</summary>
internal static class FolderLock
{
    private const int PauseMilliseconds = 100;

    /// <summary>The lock's file.</summary>
    public static string PathIn(string folder) => Path.Combine(folder, "lock");

    /// <summary>Waits for the folder.</summary>
    /// <exception cref="OperationCanceledException">The build was cancelled.</exception>
    public static IDisposable Take(string folder, TaskLoggingHelper log, CancellationToken cancellation)
    {
        for (var waited = false; ; waited = true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                return new FileStream(PathIn(folder), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (Directory.Exists(folder))
            {
                if (!waited)
                {
                    log.LogMessage(MessageImportance.Normal, "Waiting for another build that uses '{0}'.", folder);
                }

                _ = cancellation.WaitHandle.WaitOne(PauseMilliseconds);
            }
        }
    }
}
