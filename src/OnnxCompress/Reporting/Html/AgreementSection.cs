using System.Globalization;

namespace OnnxCompress.Reporting.Html;

/// <summary>How far the models agree, with the bound on it.</summary>
internal static class AgreementSection
{
    /// <summary>The section's markup.</summary>
    public static string Write(CompressionReport report) =>
        (report.Judged is { } judged ? HtmlText.Table(ResultTables.Judged(judged), "What the judge of this run says") : "") + OfSamples(report);

    private static string OfSamples(CompressionReport report)
    {
        if (report.Verification is not { } verification)
        {
            return "<p class=\"warning\">Nothing was verified. Give data with <code>-d</code> or <code>--verify-data</code>, and the report shows what they prove.</p>\n"
                + (report.RandomInputs is { } random
                    ? HtmlText.Table(ResultTables.Verification(random, "random inputs"), $"Drift on {Figures.Count(random.Samples)} random inputs, which says nothing of real ones")
                    : "");
        }

        var scale = verification is { Agreement: { } agreement, AgreementLower95: { } bound } ? Scale(agreement, bound) : "";
        return scale + HtmlText.Table(
            ResultTables.Verification(verification, ReportSentences.Samples(verification)),
            $"On {ReportSentences.Counted(verification, ReportSentences.Samples(verification))} {(verification.Folds is null ? "that no step before has seen" : "that the model which answers has not seen")}");
    }

    // The axis begins at a round figure below the bound, so that 99.4% and 99.8% can be told apart; the ends are labelled.
    private static string Scale(double agreement, double bound)
    {
        var low = bound >= 0.995 ? 0.99 : bound >= 0.95 ? 0.9 : bound >= 0.75 ? 0.5 : 0;
        double X(double share) => 10 + (580 * (share - low) / (1 - low));
        var (at, from) = (HtmlText.Number(X(agreement)), HtmlText.Number(X(bound)));
        var label = $"Agreement {Figures.FinePercent(agreement)}, at least {Figures.FinePercent(bound)} with 95% confidence.";
        var anchor = X(agreement) > 540 ? "end" : "middle";
        string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.#}%");
        return
            $"""
            <figure>
            <svg class="chart" viewBox="0 0 600 66" role="img" aria-label="{label}">
            <line class="axis" x1="10" y1="36" x2="590" y2="36"/>
            <rect class="bound" x="{from}" y="28" width="{HtmlText.Number(Math.Max(1, X(agreement) - X(bound)))}" height="16"/>
            <circle class="keep" cx="{at}" cy="36" r="7"/>
            <text class="value" x="{at}" y="17" text-anchor="{anchor}">{Figures.FinePercent(agreement)}</text>
            <text x="10" y="61">{Percent(low)}</text>
            <text x="590" y="61" text-anchor="end">100%</text>
            </svg>
            <figcaption>The dot is the share of equal decisions, {Figures.FinePercent(agreement)}; the bar reaches down to what is certain with 95% confidence, {Figures.FinePercent(bound)}.</figcaption>
            </figure>

            """.ReplaceLineEndings("\n");
    }
}
