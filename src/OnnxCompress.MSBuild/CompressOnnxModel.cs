using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.MSBuild;

/// <summary>
/// Compresses one model in a process of the tool's own, unless the same content was compressed before. Whatever goes wrong,
/// no output stays that a later build could take for a result.
/// </summary>
public sealed partial class CompressOnnxModel : ToolTask, IWarningRules, IDisposable
{
    // A tool whose build is gone ends at once, or, where it computes without looking up, after ten seconds.
    private static readonly TimeSpan LongestFarewell = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _cancellation = new();
    private readonly List<(string Code, string Text)> _warned = [];
    private WarningRules? _rules;
    private string _run = "";

    /// <summary>The files of one model, as <see cref="PrepareOnnxModels"/> describes them.</summary>
    [Required]
    public ITaskItem[] Inputs { get; set; } = [];

    /// <summary>The tool's main file.</summary>
    [Required]
    public string Tool { get; set; } = "";

    /// <summary>The project, in full.</summary>
    [Required]
    public string ProjectFile { get; set; } = "";

    /// <summary>The dotnet that runs the tool; empty: the one that runs the build.</summary>
    public string? DotNetHost { get; set; }

    /// <summary>Where the SDK's own dotnet lies, when the build does not run on it.</summary>
    public string? NetCoreRoot { get; set; }

    /// <summary>The folder of the cache of results, relative to the project or in full; empty: the user's; none.</summary>
    public string? CacheDir { get; set; }

    /// <summary>What may be done with the cache: read, write, readwrite or off.</summary>
    public string? CacheMode { get; set; }

    /// <summary>Threads at most; 0 or empty: what the build has free.</summary>
    public string? MaxThreads { get; set; }

    /// <inheritdoc />
    public string? ErrorsPage { get; set; }

    /// <inheritdoc />
    public string? HelpLinkBase { get; set; }

    /// <inheritdoc />
    public string? NoWarn { get; set; }

    /// <inheritdoc />
    public string? TreatWarningsAsErrors { get; set; }

    /// <inheritdoc />
    public string? WarningsAsErrors { get; set; }

    /// <inheritdoc />
    public string? WarningsNotAsErrors { get; set; }

    /// <summary>What came of the model in this build; empty when it was up to date.</summary>
    [Output]
    public string Summary { get; private set; } = "";

    private ITaskItem Job => Inputs[0];

    private string Model => Job.GetMetadata("Model");

    private string Output => Job.GetMetadata("OutputFile");

    private string Folder => Job.GetMetadata("OutputFolder");

    private string[] Outputs => [Output, Output + ".data"];

    private JobFiles Files => new(Inputs, Tool);

    /// <inheritdoc />
    public override bool Execute()
    {
        _rules = new WarningRules(this);
        try
        {
            using var turn = FolderLock.Take(Folder, Log, _cancellation.Token);
            var madeFrom = MadeFrom();
            if (Begin(madeFrom.Hash) is { } stamp)
            {
                return Again(stamp);
            }

            return FromCache(madeFrom) && Finish(madeFrom);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _rules.Log(Log, BuildCodes.FolderUnusable, true, Place, $"{Name}: the folder that it is compressed into, '{Folder}', or a file that it is made from, cannot be used: {failure.Message}");
            return false;
        }
        catch (FolderBusyException busy)
        {
            _rules.Log(Log, BuildCodes.FolderBusy, true, Place, $"{Name}: {busy.Message}");
            return false;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (FileRefusedException refused)
        {
            _rules.Log(Log, refused.Code, true, Place, $"{Name}: a file that it is made from cannot be read: {refused.Message}.");
            return false;
        }
    }

    /// <inheritdoc />
    public override void Cancel()
    {
        _cancellation.Cancel();
        base.Cancel();
    }

    /// <inheritdoc />
    public void Dispose() => _cancellation.Dispose();

    private string Name => Job.GetMetadata("ModelName");

    private ItemPlace Place => ItemPlace.Of(Job.GetMetadata("DefinedIn"), ProjectFile, Name);

    // Whether -warnaserror will make errors of them is not known here: the engine answers for the project's own lists alone.
    private bool WarnsAloud => _warned.Exists(warning => !_rules!.IsSilent(warning.Code));

    private ContentKey MadeFrom() => Files.Key(_cancellation.Token);

    /// <summary>Takes the result from the cache, or makes it and leaves it there.</summary>
    private bool FromCache(ContentKey madeFrom)
    {
        var cache = OpenCache(madeFrom);
        if (Taken(cache))
        {
            return true;
        }

        using var turn = cache?.Turn(
            () => Log.LogMessage(MessageImportance.Normal, "Waiting for another build that compresses the same as '{0}'.", Model), _cancellation.Token);
        if (turn is not null && Taken(cache))
        {
            return true;
        }

        if (!Run() || !IsStill(madeFrom.Hash))
        {
            ResultStamp.RemoveResult(Folder);
            return false;
        }

        // What a slow or busy machine came to in its time is not what others would.
        if (!_talk.Said.Any(line => line.Code is DiagnosticCodes.TimeLimitReached or DiagnosticCodes.SearchCutShort))
        {
            cache?.Keep(Folder, Files.WrittenBeside, _warned, _cancellation.Token);
        }

        return true;
    }

    private ResultCache? OpenCache(ContentKey madeFrom)
    {
        var folder = Job.GetMetadata("IsByContent") == "true" ? CachePlace.Find(Path.GetDirectoryName(ProjectFile)!, CacheDir) : null;
        return folder is null || !Enum.TryParse<CacheMode>(CacheMode, ignoreCase: true, out var mode) || mode == MSBuild.CacheMode.Off ? null
            : new(folder, mode, madeFrom, reason => Log.LogMessage(
                null, BuildCodes.CacheIgnored, null, Model, 0, 0, 0, 0, MessageImportance.High, "{0}", $"{Name}: the cache of results is not used: {reason}"));
    }

    private bool Taken(ResultCache? cache)
    {
        if (cache?.Take(Folder, Files.WrittenBeside, _cancellation.Token) is not { } warnings)
        {
            return false;
        }

        Log.LogMessage(MessageImportance.Low, "'{0}' was compressed by another build: its result is in the cache.", Model);
        foreach (var (code, text) in warnings)
        {
            Warn(code, text);
        }

        Summarize("from the cache");
        return true;
    }

    // A warning that the project calls an error fails the build and takes nothing from the result. The next build looks at
    // the content of what warned, and warns as this one did.
    private bool Finish(ContentKey madeFrom)
    {
        ResultStamp.Write(Folder, _run, madeFrom.Hash, _warned, _cancellation.Token);
        if (WarnsAloud)
        {
            ResultStamp.Age(Folder);
        }

        return !Log.HasLoggedErrors;
    }

    /// <summary>Makes room for a new result, unless the folder holds a finished one of the same content: then its stamp.</summary>
    private ResultStamp? Begin(string madeFrom)
    {
        // Whoever has it writes into the folder: the look at what is there, and the removal, come after.
        using var current = CurrentRun.Take(Folder, LongestFarewell, Log, _cancellation.Token);
        if (ResultStamp.Read(Folder) is { } stamp && stamp.Holds(Folder, Output, current.Id, madeFrom, _cancellation.Token))
        {
            Log.LogMessage(MessageImportance.Low, "'{0}' was compressed from the same content before.", Model);
            return stamp;
        }

        ResultStamp.RemoveResult(Folder);
        _run = current.Begin();
        return null;
    }

    /// <summary>Ends as the build that made the result would end now.</summary>
    private bool Again(ResultStamp stamp)
    {
        foreach (var (code, text) in stamp.Warnings)
        {
            Warn(code, text);
        }

        if (WarnsAloud)
        {
            ResultStamp.Age(Folder);
        }
        else
        {
            stamp.Touch(Folder, _cancellation.Token);
        }

        return !Log.HasLoggedErrors;
    }

    private void Warn(string code, string text)
    {
        _warned.Add((code, text));
        _rules!.Log(Log, code, false, Place, $"{Name}: {text}");
    }

    // The tool reads its files after they were hashed: a result of other content must not be stamped as one of these.
    private bool IsStill(string madeFrom)
    {
        if (MadeFrom().Hash == madeFrom)
        {
            return true;
        }

        _rules!.Log(Log, BuildCodes.InputsChanged, true, Place, $"{Name}: it, or a file that it is compressed with, changed meanwhile. Build again.");
        return false;
    }
}
