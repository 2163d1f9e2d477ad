namespace OnnxCompress.Diagnostics;

/// <summary>Where a run stands, for a progress display.</summary>
/// <param name="Stage">The stage's verb, for instance <c>calibrate</c>.</param>
/// <param name="Done">Units done in this stage.</param>
/// <param name="Total">Units in this stage; 0 when not known.</param>
/// <param name="Note">What is being worked on, or null.</param>
public sealed record ProgressUpdate(string Stage, int Done, int Total, string? Note = null);
