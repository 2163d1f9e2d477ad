using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace OnnxCompress.MSBuild;

/// <summary>
/// Which run of the tool may write into a model's folder: a file with the run's name, which the tool keeps locked for as long
/// as it lives. A tool that an earlier build left behind holds it, so that a new run cannot begin beside it; one that is late
/// finds another name in it, and ends.
/// </summary>
internal sealed class CurrentRun : IDisposable
{
    /// <summary>The file's name in the folder.</summary>
    public const string Name = "run";

    private const int LongestName = 64;

    private readonly FileStream _file;

    private CurrentRun(FileStream file)
    {
        _file = file;
        var bytes = new byte[LongestName];
        Id = Encoding.ASCII.GetString(bytes, 0, file.Read(bytes, 0, bytes.Length)).Trim();
    }

    /// <summary>The name of the last run that was begun; empty when there was none.</summary>
    public string Id { get; private set; }

    /// <summary>Waits until no tool writes into the folder any more. Only who holds the folder's lock may do so.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="longest">How long a tool that has lost its build may take to end.</param>
    /// <param name="log">Says that there is a wait.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="FolderBusyException">One still does.</exception>
    public static CurrentRun Take(string folder, TimeSpan longest, TaskLoggingHelper log, CancellationToken cancellation) => new(FileTurn.Take(
        Path.Combine(folder, Name),
        longest,
        () => log.LogMessage(MessageImportance.Normal, "Waiting for the end of a run in '{0}' that an earlier build began.", folder),
        cancellation));

    /// <summary>Names a new run: from now on no other one may write.</summary>
    public string Begin()
    {
        Id = Guid.NewGuid().ToString("N");
        var bytes = Encoding.ASCII.GetBytes(Id + "\n");
        _file.SetLength(0);
        _file.Position = 0;
        _file.Write(bytes, 0, bytes.Length);
        _file.Flush(flushToDisk: true);
        return Id;
    }

    /// <inheritdoc />
    public void Dispose() => _file.Dispose();
}
