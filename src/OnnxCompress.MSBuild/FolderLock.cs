using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace OnnxCompress.MSBuild;

/// <summary>Holds a model's folder against other frameworks and builds that want the same result: they wait and then find it.</summary>
internal static class FolderLock
{
    /// <summary>The lock's name in the folder.</summary>
    public const string Name = "lock";

    // Another build may compress a large model, which takes its time.
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>Waits for the folder.</summary>
    /// <exception cref="OperationCanceledException">The build was cancelled.</exception>
    /// <exception cref="FolderBusyException">Another build kept it for an hour.</exception>
    public static IDisposable Take(string folder, TaskLoggingHelper log, CancellationToken cancellation) => FileTurn.Take(
        Path.Combine(folder, Name),
        Longest,
        () => log.LogMessage(MessageImportance.Normal, "Waiting for another build that uses '{0}'.", folder),
        cancellation);
}
