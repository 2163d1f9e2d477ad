namespace OnnxCompress.Reporting.Html;

/// <summary>The held-out decisions that changed.</summary>
internal static class ChangedSection
{
    /// <summary>The section's markup; empty when nothing was verified or nothing decides.</summary>
    public static string Write(CompressionReport report) => report switch
    {
        { Verification.Agreement: null } or { Verification: null } => "",
        { Changed.Count: 0 } => "<p>None.</p>\n",
        _ => "<p>The original's surest decisions come first. A margin is how far a model preferred its own answer over the other one's, in units of the output: "
            + "small margins are cases in which the original was hardly sure.</p>\n"
            + GallerySection.Write(report.Shown)
            + HtmlText.Table(ResultTables.Changed(report.Changed), $"{Figures.Count(report.Changed.Count)} decisions that changed"),
    };
}
