using OnnxCompress.Diagnostics;

namespace OnnxCompress.Reporting;

/// <summary>What the run had to say about its result.</summary>
/// <param name="Code">One of <see cref="DiagnosticCodes"/>; documented in docs/errors.md.</param>
/// <param name="Severity"><c>message</c>, <c>warning</c> or <c>error</c>.</param>
/// <param name="Message">What was found and what to do.</param>
public sealed record ReportedDiagnostic(string Code, string Severity, string Message)
{
    /// <summary>Where the code is explained: a place in the documentation that comes with the tool and its packages.</summary>
    public string Help => $"docs/errors.md#{Uri.EscapeDataString(Code)}";

    /// <summary>The diagnostic as it is reported.</summary>
    public static ReportedDiagnostic From(Diagnostic diagnostic)
    {
        ArgumentNullException.ThrowIfNull(diagnostic);
        var severity = diagnostic.Severity switch
        {
            Diagnostics.Severity.Error => "error",
            Diagnostics.Severity.Warning => "warning",
            _ => "message",
        };
        return new(diagnostic.Code, severity, diagnostic.Message);
    }
}
