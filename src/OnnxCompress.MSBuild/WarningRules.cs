using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace OnnxCompress.MSBuild;

/// <summary>Turns a code's severity into what the project asks for, by the rules of the C# compiler, and links it to its page.</summary>
internal sealed class WarningRules
{
    private readonly HashSet<string> _silent;
    private readonly HashSet<string> _errors;
    private readonly HashSet<string> _notErrors;
    private readonly bool _allErrors;
    private readonly IWarningRules _task;

    /// <summary>Reads a task's parameters.</summary>
    public WarningRules(IWarningRules task)
    {
        _task = task;
        _silent = Codes(task.NoWarn);
        _errors = Codes(task.WarningsAsErrors);
        _notErrors = Codes(task.WarningsNotAsErrors);
        _allErrors = string.Equals(task.TreatWarningsAsErrors, "true", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Logs a diagnostic.</summary>
    /// <param name="log">The task's log.</param>
    /// <param name="code">OCX and four digits.</param>
    /// <param name="isError">Whether the tool calls it an error.</param>
    /// <param name="file">The model or project that it is about.</param>
    /// <param name="message">What and what to do.</param>
    public void Log(TaskLoggingHelper log, string code, bool isError, string file, string message) => Log(log, code, isError, new ItemPlace(file), message);

    /// <summary>Logs a diagnostic.</summary>
    /// <param name="log">The task's log.</param>
    /// <param name="code">OCX and four digits.</param>
    /// <param name="isError">Whether the tool calls it an error.</param>
    /// <param name="place">Where the project says what it is about.</param>
    /// <param name="message">What and what to do.</param>
    public void Log(TaskLoggingHelper log, string code, bool isError, ItemPlace place, string message)
    {
        var help = HelpLink(code);
        var (file, line, column) = (place.File, place.Line, place.Column);
        if (!isError && IsSilent(code))
        {
            log.LogMessage(null, code, null, file, line, column, 0, 0, MessageImportance.Low, "{0}", message);
        }
        else if (isError || _errors.Contains(code) || (_allErrors && !_notErrors.Contains(code)))
        {
            log.LogError(null, code, null, help, file, line, column, 0, 0, "{0}", message);
        }
        else
        {
            log.LogWarning(null, code, null, help, file, line, column, 0, 0, "{0}", message);
        }
    }

    /// <summary>Whether nobody wants to hear of a warning.</summary>
    public bool IsSilent(string code) => _silent.Contains(code);

    /// <summary>The page of a code: that of <see cref="IWarningRules.HelpLinkBase"/>, or the packed one.</summary>
    internal string HelpLink(string code) => string.IsNullOrEmpty(_task.HelpLinkBase)
        ? (string.IsNullOrEmpty(_task.ErrorsPage) ? "" : new Uri(System.IO.Path.GetFullPath(_task.ErrorsPage)).AbsoluteUri + "#" + code)
        : _task.HelpLinkBase + code;

    private static HashSet<string> Codes(string? list) =>
        new((list ?? "").Split([';', ',', ' ', '\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries), StringComparer.OrdinalIgnoreCase);
}
