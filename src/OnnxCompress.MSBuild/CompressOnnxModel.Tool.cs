using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Build.Framework;

namespace OnnxCompress.MSBuild;

/// <content>The tool's process: how it is started, and what becomes of what it says and of its exit code.</content>
public sealed partial class CompressOnnxModel
{
    private const int NotMet = 3;
    private const int Cancelled = 130;
    private const int CancelMilliseconds = 2000;

    private readonly ToolTalk _talk = new();
    private int _threads;

    /// <inheritdoc />
    protected override string ToolName => Path.DirectorySeparatorChar == '/' ? "dotnet" : "dotnet.exe";

    /// <inheritdoc />
    protected override MessageImportance StandardOutputLoggingImportance => MessageImportance.Low;

    /// <inheritdoc />
    protected override MessageImportance StandardErrorLoggingImportance => MessageImportance.Low;

    /// <inheritdoc />
    protected override string GenerateFullPathToTool()
    {
        if (!string.IsNullOrEmpty(DotNetHost))
        {
            return DotNetHost!;
        }

        var beside = string.IsNullOrEmpty(NetCoreRoot) ? null : Path.Combine(NetCoreRoot, ToolName);
        return Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host ? host
            : beside is not null && File.Exists(beside) ? beside : ToolName;
    }

    /// <inheritdoc />
    protected override string GenerateCommandLineCommands()
    {
        var line = $"\"{Tool}\" \"@{Job.GetMetadata("ResponseFile")}\" --build-run \"{Path.Combine(Folder, CurrentRun.Name)}\"";
        return Job.GetMetadata("HasThreads") == "true" ? line : FormattableString.Invariant($"{line} --threads {_threads}");
    }

    /// <inheritdoc />
    protected override string GetWorkingDirectory() => Path.GetDirectoryName(ProjectFile)!;

    /// <inheritdoc />
    protected override int ExecuteTool(string pathToTool, string responseFileCommands, string commandLineCommands)
    {
        var start = GetProcessStartInfo(pathToTool, commandLineCommands, "");
        (start.StandardOutputEncoding, start.StandardErrorEncoding) = (Encoding.UTF8, Encoding.UTF8);
        try
        {
            return ToolProcess.Run(
                start,
                _run,
                (line, isError) => LogEventsFromTextOutput(line, isError ? StandardErrorLoggingImportance : StandardOutputLoggingImportance),
                _cancellation.Token);
        }
        catch (System.ComponentModel.Win32Exception failure)
        {
            _talk.Remember($"'{pathToTool}' cannot be started: {failure.Message}");
            return -1;
        }
    }

    /// <summary>Diagnostics wait for the exit code; all else is talk.</summary>
    protected override void LogEventsFromTextOutput(string singleLine, MessageImportance messageImportance)
    {
        if (_talk.IsDiagnostic(singleLine))
        {
            return;
        }

        if (StageWords.Of(singleLine) is { } stage)
        {
            // The tool says it of a stage that takes long, so that nobody takes a build for one that hangs.
            Log.LogMessage(stage.IsUnderWay ? MessageImportance.High : MessageImportance.Normal, "{0}", $"{Name}: {stage.Text}");
            return;
        }

        Log.LogMessage(messageImportance, "{0}", singleLine);
        _talk.Remember(singleLine);
    }

    /// <inheritdoc />
    protected override bool HandleTaskExecutionErrors()
    {
        // Ctrl+C reaches the tool and the build, the tool perhaps first.
        if (_cancellation.IsCancellationRequested || (ExitCode == Cancelled && _cancellation.Token.WaitHandle.WaitOne(CancelMilliseconds)))
        {
            return false;
        }

        if (ExitCode == NotMet && Job.GetMetadata("HasGoal") != "true")
        {
            return ShipOriginal();
        }

        Say();
        if (!_talk.HasErrors)
        {
            _rules!.Log(Log, BuildCodes.ToolFailed, true, Place,
                $"{Name}: the tool '{Tool}' ended with exit code {ExitCode} without saying why. {_talk.LastWords}".TrimEnd());
        }

        return false;
    }

    private bool Run()
    {
        if (!File.Exists(Tool))
        {
            _rules!.Log(Log, BuildCodes.ToolFailed, true, ProjectFile, $"The tool '{Tool}' does not exist: restore the package, or set OnnxCompressToolPath right.");
            return false;
        }

        var wanted = int.TryParse(MaxThreads, NumberStyles.None, CultureInfo.InvariantCulture, out var most) && most > 0 ? most : Environment.ProcessorCount;
        var engine = BuildEngine as IBuildEngine9;
        var granted = engine?.RequestCores(wanted) ?? wanted;
        try
        {
            _threads = Math.Max(1, Math.Min(wanted, granted));
            Log.LogMessage(MessageImportance.High, "Compressing '{0}' with {1} threads; later builds take the result.", Name, _threads);
            var watch = Stopwatch.StartNew();
            if (!base.Execute() || _cancellation.IsCancellationRequested)
            {
                return false;
            }

            if (ExitCode == 0)
            {
                Say();
                if (!File.Exists(Output))
                {
                    _rules!.Log(Log, BuildCodes.ToolFailed, true, Place, $"{Name}: the tool '{Tool}' ended well, but wrote nothing.");
                    return false;
                }

                Summarize(FormattableString.Invariant($"{watch.Elapsed.TotalSeconds:F1} s"));
            }

            return true;
        }
        finally
        {
            engine?.ReleaseCores(granted);
        }
    }

    private void Say()
    {
        foreach (var (code, severity, text) in _talk.Said)
        {
            if (severity == "message")
            {
                Log.LogMessage(MessageImportance.Low, "{0}: {1}", code, text);
            }
            else if (severity == "error")
            {
                _rules!.Log(Log, code, true, Place, $"{Name}: {text}");
            }
            else
            {
                Warn(code, text);
            }
        }
    }

    // The tool has put it in place of the result, as --original-otherwise says.
    private bool ShipOriginal()
    {
        var why = _talk.LastError ?? "Nothing better was found.";
        if (!File.Exists(Output))
        {
            _rules!.Log(Log, BuildCodes.ToolFailed, true, Place, $"{Name}: the tool '{Tool}' left no original to ship. {why}");
            return false;
        }

        File.SetLastWriteTimeUtc(Output, DateTime.UtcNow);
        Warn(BuildCodes.OriginalShipped, $"the original is shipped. {why} Give a budget (KeepMacs, KeepParams, KeepBytes) or another MinAgreement, or Compress=\"false\".");
        return true;
    }

    private void Summarize(string time)
    {
        var line = new ResultLine(Files.Originals, Outputs, Job.GetMetadata("ReportFile"));
        var page = Job.GetMetadata("PageFile");
        page = BuildPaths.Inside(Path.GetDirectoryName(ProjectFile)!, page) ?? page;
        Log.LogMessage(MessageImportance.High, "{0}", $"{Name}: {line.Sizes}, {time}. Report: {page}");
        Summary = $"{Path.GetFileName(Output)} {line.Sizes}; {page}";
    }
}
