using OnnxCompress.Verification;

namespace OnnxCompress.Reporting.Shown;

/// <summary>Some of the decisions of one rule that changed.</summary>
/// <param name="Output">The output that decides.</param>
/// <param name="Kind">What a decision is.</param>
/// <param name="Changes">The changes.</param>
internal sealed record ShownRule(string Output, DecisionKind Kind, IReadOnlyList<ShownChange> Changes);
