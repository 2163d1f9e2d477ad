namespace OnnxCompress.Diagnostics;

/// <summary>One thing the tool has to say, with a code that scripts can branch on.</summary>
/// <param name="Code">One of <see cref="DiagnosticCodes"/>; documented in docs/errors.md.</param>
/// <param name="Severity">Whether the run went on.</param>
/// <param name="Message">What was wrong and what to do, in one or two sentences.</param>
/// <param name="Node">Name of the node it is about, when it is about one.</param>
public sealed record Diagnostic(string Code, Severity Severity, string Message, string? Node = null)
{
    /// <summary>The line MSBuild and people read: <c>onnx-compress : error OCX3001: text</c>.</summary>
    public override string ToString() => $"onnx-compress : {Severity switch
    {
        Severity.Error => "error",
        Severity.Warning => "warning",
        _ => "message",
    }} {Code}: {Message}";
}
