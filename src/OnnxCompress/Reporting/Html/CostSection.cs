using System.Text;

namespace OnnxCompress.Reporting.Html;

/// <summary>Size, multiply-accumulates and latency before and after.</summary>
internal static class CostSection
{
    /// <summary>The section's markup.</summary>
    public static string Write(CompressionReport report)
    {
        var (before, after) = (report.Original, report.Compressed);
        var html = new StringBuilder("<div class=\"cards\">\n");
        html.Append(Card("Size", Figures.Bytes(before.Bytes), Figures.Bytes(after.Bytes), Share(after.Bytes, before.Bytes), ""));
        html.Append(Card("Parameters", Figures.Count(before.Parameters), Figures.Count(after.Parameters), Share(after.Parameters, before.Parameters), ""));
        html.Append(Card("MACs", Figures.Count(before.Macs), Figures.Count(after.Macs), Share(after.Macs, before.Macs), "multiply-accumulates for one sample"));
        if (report.Latency is { } latency)
        {
            var threads = latency.Threads switch { 0 => "all cores", 1 => "1 thread", var some => $"{some} threads" };
            html.Append(Card(
                "Latency",
                Figures.Milliseconds(before.LatencyMs),
                Figures.Milliseconds(after.LatencyMs),
                latency.Ratio,
                $"median of {latency.Rounds} pairs, batch {latency.Batch}, {threads}"));
        }

        return html.Append("</div>\n").ToString();
    }

    private static string Card(string name, string before, string after, double? share, string note) =>
        $"""
        <div class="card">
        <h3>{name}</h3>
        <p class="big">{HtmlText.Escape(after)}</p>
        <p class="quiet">was {HtmlText.Escape(before)}</p>
        {(share is { } part ? $"{HtmlText.Bar(part, "keep")}<p class=\"share\">{Figures.Percent(part)} of the original</p>" : "")}
        {(note.Length > 0 ? $"<p class=\"note\">{HtmlText.Escape(note)}</p>" : "")}
        </div>

        """.ReplaceLineEndings("\n");

    private static double? Share(long? part, long? whole) => part is { } some && whole is { } all and > 0 ? (double)some / all : null;
}
