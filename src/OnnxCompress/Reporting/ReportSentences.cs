using OnnxCompress.Precision;

namespace OnnxCompress.Reporting;

/// <summary>What a report says in words, the same in every format.</summary>
internal static class ReportSentences
{
    /// <summary>Whether the report is about several models and none of them was written.</summary>
    public static bool IsExploration(CompressionReport report) => report.Frontier.Count > 0 && !report.Frontier.Any(point => point.Chosen) && report.Sites.Count == 0;

    /// <summary>What ids whose rows went are answered with.</summary>
    public static string StandIn(Vocabularies.TableRows rows) => rows.Unknown is { } row ? $"each of these ids gets row {row}" : "each of these ids gets the row nearest to the mean of those that went";

    /// <summary>What the report is about, in a word.</summary>
    public static string Subject(CompressionReport report) => IsExploration(report) ? "explored" : "compressed";

    /// <summary>What the explored models are.</summary>
    public static string Explored(CompressionReport report)
    {
        var smallest = report.Frontier.MinBy(point => point.Parameters)!;
        return $"{Figures.Count(report.Frontier.Count)} models, the smallest with {Figures.Percent((double)smallest.Parameters / Math.Max(1, report.Original.Parameters))} of the parameters"
            + (report.Original.Macs is > 0 and var macs && smallest.Macs is { } left ? $" and {Figures.Percent((double)left / macs)} of the multiply-accumulates" : "") + ". None was written.";
    }

    /// <summary>What they keep.</summary>
    public static string Scored(CompressionReport report)
    {
        var samples = report.FrontierSamples is { } count ? $"{Figures.Count(count)} samples that no model was made from" : "samples that no model was made from";
        return report.Frontier.All(point => point.Agreement is not null)
            ? $"On {samples} they keep {Figures.FinePercent(report.Frontier.Min(point => point.Agreement))} to {Figures.FinePercent(report.Frontier.Max(point => point.Agreement))} of the decisions."
            : $"They were scored on {samples} by their relative error.";
    }

    /// <summary>What bounds and marks of the table of explored models say; null where it has none.</summary>
    public static string? Noise(CompressionReport report)
    {
        var bound = report.Frontier.Any(point => point.AgreementLower95 is not null)
            ? $"\"At least\" holds with 95% confidence on data like these {(report.FrontierSamples is { } count ? $"{Figures.Count(count)} samples" : "samples")}." : "";
        var mark = report.Frontier.Any(point => point.IsAgreementNoise || point.IsLatencyNoise)
            ? " \"~\" marks what may be chance: decisions beside those of the line above, a time beside the original's. More samples tell decisions apart, a quiet machine times." : "";
        var best = report.Frontier.Select(point => point.Form).Distinct().Count() > 1 ? " \"*\" stands where no other model is smaller, about as fast and keeps as much." : "";
        return (bound + mark + best).Trim() is { Length: > 0 } words ? words : null;
    }

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

    /// <summary>Where there is no proof.</summary>
    public const string NotVerified = "Nothing was verified: there were no held-out samples.";

    /// <summary>What was proven.</summary>
    public static string Proven(CompressionReport report) => report.Verification switch
    {
        null => report.RandomInputs is { } random
            ? $"{NotVerified} On {Figures.Count(random.Samples)} random inputs the relative error is {Figures.Error(random.RelativeError)}, which says nothing of real ones."
            : NotVerified,
        { Agreement: null } verification => $"On {Counted(verification, Samples(verification))} the relative error is {Figures.Error(verification.RelativeError)}." + (Folds(verification) is { } folds ? $" {folds}" : ""),
        var verification => $"On {Counted(verification, Samples(verification))} {Figures.FinePercent(verification.Agreement)} of the decisions stayed the same; "
            + $"with 95% confidence at least {Figures.FinePercent(verification.AgreementLower95)} do on data like these."
            + (verification.CautiousAgreement is { } cautious ? $" On data the network was not trained on, expect {Figures.FinePercent(cautious)}, a cautious figure." : "")
            + (verification.OneDecision ? " The original decides the same for all of them, so this proves little." : "")
            + (Folds(verification) is { } folds ? $" {folds}" : ""),
    };

    /// <summary>What the samples that prove a result are called.</summary>
    public static string Samples(ReportedVerification verification) => verification.Folds is { } folds ? $"samples in {folds} folds" : "held-out samples";

    /// <summary>What was proven where folds did; null where one model was judged.</summary>
    public static string? Folds(ReportedVerification verification) => verification.Folds is { } folds
        ? $"{folds} models made on the other folds were judged on {Counted(verification, "samples")}; the written model is made from all of them."
        : null;

    /// <summary>What nobody should overlook.</summary>
    public static IEnumerable<ReportedDiagnostic> Warnings(CompressionReport report) => report.Diagnostics.Where(diagnostic => diagnostic.Severity != "message");

    /// <summary>How many samples there were, and how many of them differ where some are copies.</summary>
    /// <param name="verification">The samples.</param>
    /// <param name="samples">What they are called.</param>
    public static string Counted(ReportedVerification verification, string samples) =>
        $"{Figures.Count(verification.Samples)} {samples}".TrimEnd()
        + (verification.DistinctSamples == verification.Samples ? "" : $" ({Figures.Count(verification.DistinctSamples)} different)");

    /// <summary>The numbers of a model, and how many of its layers have others.</summary>
    public static string Form(ReportedForm form) =>
        $"{form.Form}{(form.Wider == 0 ? "" : $", {Figures.Count(form.Wider)} wider")}{(form.Narrower == 0 ? "" : $", {Figures.Count(form.Narrower)} narrower")}";

    /// <summary>What there is to know of a model in other numbers than the original's.</summary>
    public static string Numbers(ReportedPrecision precision)
    {
        var kept = precision.Layers.Count(layer => layer.Form == LayerPrecision.Float);
        var rest = kept == 0 ? "" : $" {Figures.Count(kept)} stayed as they were, for the reasons below.";
        var kernels = precision.KernelDifference is { } difference ? $" Optimised by the runtime, outputs differ from the nodes as written by {Figures.Error(difference)} at most." : "";
        return $"{Figures.Count(precision.Layers.Count - kept)} layers are stored in other numbers.{rest}{kernels} Errors are those of a layer's output on calibration rows that were not fitted."
            + (Processors(precision) is { } processors ? $" {processors}" : "");
    }

    /// <summary>For which processors numbers and times hold; null where nothing is multiplied in bytes on a processor.</summary>
    public static string? Processors(ReportedPrecision precision) => precision switch
    {
        { WeightBits: null } => null,
        { WeightBits: 8 } => "Weights of layers that multiply in bytes have 8 bits: agreement and time hold for processors with VNNI or dot products of bytes, as this one; on older x64 sums would saturate.",
        { Target: "any" } => "Weights of layers that multiply in bytes have 7 bits, so that sums saturate on no processor.",
        _ => "Weights of layers that multiply in bytes have 7 bits, since this processor has no VNNI: the answers are the same on all, times are those of processors like this one.",
    };

    private static string Change(string what, double before, double after) =>
        $"{Figures.Percent(Math.Abs(before - after) / Math.Max(1, before))} {(after <= before ? "fewer" : "more")} {what}";
}
