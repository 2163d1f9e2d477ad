namespace OnnxCompress.Reporting;

/// <summary>What happened at one place of the model.</summary>
/// <param name="Site">Where: the channel group's or layer's name.</param>
/// <param name="Method">The method's name on the command line, for instance <c>id</c>.</param>
/// <param name="Kept">Channels that stayed; null where a rank says it.</param>
/// <param name="Of">Channels there were.</param>
/// <param name="Rank">Rank of the factors; null where channels say it.</param>
/// <param name="PredictedError">Relative Frobenius error that the plan expected.</param>
/// <param name="MeasuredError">The same, measured on the rewritten weights; null when not measured.</param>
public sealed record ReportedSite(
    string Site, string Method, int? Kept, int Of, int? Rank, double? PredictedError, double? MeasuredError)
{
    /// <summary>How a layer was split, for instance <c>response</c>; null when it was not.</summary>
    public string? Split { get; init; }
}
