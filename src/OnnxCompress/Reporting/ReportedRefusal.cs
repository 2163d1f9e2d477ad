namespace OnnxCompress.Reporting;

/// <summary>A part of the model that was left alone, and why.</summary>
/// <param name="Node">The node.</param>
/// <param name="Code">The diagnostic's code.</param>
/// <param name="Reason">One sentence.</param>
/// <param name="Parameters">Parameters that this holds back.</param>
public sealed record ReportedRefusal(string Node, string Code, string Reason, long Parameters);
