using Microsoft.Build.Logging.StructuredLogger;

namespace OnnxCompress.Tool.Tests.Packages;

/// <summary>How a build ended, and what its log says it did.</summary>
/// <param name="Code">The exit code.</param>
/// <param name="Output">What was printed.</param>
/// <param name="Log">The binlog.</param>
internal sealed record BuildRun(int Code, string Output, string Log)
{
    private Build? _build;

    private Build Tree => _build ??= BinaryLog.ReadBuild(Log);

    /// <summary>How often the tool was started.</summary>
    public int ToolStarts => Find<Message>(message => message.Text.StartsWith("Compressing '", StringComparison.Ordinal)).Length;

    /// <summary>How often a result came from the cache.</summary>
    public int CacheHits => Find<Message>(message => message.Text.Contains("its result is in the cache", StringComparison.Ordinal)).Length;

    /// <summary>Why the cache was not used.</summary>
    public string[] CacheRefusals => [.. Find<Message>(message => message.Text.Contains("the cache of results is not used", StringComparison.Ordinal)).Select(message => message.Text)];

    /// <summary>How often the task ran, whether it started the tool or not.</summary>
    public int TaskRuns => Find<Microsoft.Build.Logging.StructuredLogger.Task>(task => task.Name.EndsWith("CompressOnnxModel", StringComparison.Ordinal)).Length;

    /// <summary>Errors with their codes.</summary>
    public (string Code, string Text)[] Errors => [.. Find<Error>(_ => true).Select(error => (error.Code, error.Text)).Distinct()];

    /// <summary>Warnings with their codes.</summary>
    public (string Code, string Text)[] Warnings => [.. Find<Warning>(_ => true).Select(warning => (warning.Code, warning.Text)).Distinct()];

    /// <summary>Names of the files that the log carries.</summary>
    public string[] Embedded => [.. Tree.SourceFiles.Select(file => Path.GetFileName(file.FullPath))];

    /// <summary>Whether a target was found up to date.</summary>
    public bool Skipped(string target) => Find<Target>(node => node.Name == target)
        .Any(node => node.Skipped || node.Children.OfType<Message>().Any(message => message.Text.Contains("up-to-date", StringComparison.Ordinal)));

    private T[] Find<T>(Func<T, bool> wanted)
        where T : BaseNode => [.. Tree.FindChildrenRecursive<T>(node => wanted(node))];
}
