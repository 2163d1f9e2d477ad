namespace OnnxCompress.Reporting;

/// <summary>What a report says in words, the same in every format.</summary>
internal static class ReportSentences
{
    /// <summary>What became smaller.</summary>
    public static string Saved(CompressionReport report)
    {
        var parts = new List<string> { Change("parameters", report.Original.Parameters, report.Compressed.Parameters) };
        if (report is { Original.Macs: { } before, Compressed.Macs: { } after })
        {
            parts.Add(Change("multiply-accumulates", before, after));
        }

        parts.Add(Change("bytes", report.Original.Bytes, report.Compressed.Bytes));
        return $"{string.Join(", ", parts[..^1])} and {parts[^1]}.";
    }

    /// <summary>What was proven.</summary>
    public static string Proven(ReportedVerification? verification) => verification switch
    {
        null => "Nothing was verified: there were no held-out samples.",
        { Agreement: null } => $"On {Figures.Count(verification.Samples)} held-out samples the relative error is {Figures.Error(verification.RelativeError)}.",
        _ => $"On {Figures.Count(verification.Samples)} held-out samples {Figures.FinePercent(verification.Agreement)} of the decisions stayed the same; "
            + $"with 95% confidence at least {Figures.FinePercent(verification.AgreementLower95)} do.",
    };

    private static string Change(string what, double before, double after) =>
        $"{Figures.Percent(Math.Abs(before - after) / Math.Max(1, before))} {(after <= before ? "fewer" : "more")} {what}";
}
