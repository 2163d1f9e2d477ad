using System.Text;

namespace OnnxCompress.Reporting.Html;

/// <summary>What happened to each layer: how much of it stayed, and what that cost.</summary>
internal static class LayerSection
{
    /// <summary>The section's markup.</summary>
    public static string Write(CompressionReport report) => Places(report.Sites) + Fits(report.Layers);

    private static string Places(IReadOnlyList<ReportedSite> sites)
    {
        if (sites.Count == 0)
        {
            return "<p>No layer was changed.</p>\n";
        }

        var largest = sites.Max(site => Math.Max(site.PredictedError ?? 0, site.MeasuredError ?? 0));
        var html = new StringBuilder(
            "<p>An error is that of what the next layers compute, relative to the original (Frobenius): predicted by the plan from statistics, measured in the finished network. "
            + $"Bars of errors end at {Figures.Error(largest)}.</p>\n");
        html.Append(HtmlText.TableStart(
            $"{Figures.Count(sites.Count)} places that were compressed",
            [new("place"), new("method"), new("kept", true), new("predicted error", true), new("measured error", true)],
            "kept", "predicted error", "measured error"));
        foreach (var site in sites)
        {
            var (kept, share) = site.Rank is { } rank
                ? ($"rank {Figures.Count(rank)} of {Figures.Count(site.Of)}", (double)rank / site.Of)
                : ($"{Figures.Count(site.Kept)} of {Figures.Count(site.Of)}", (double)(site.Kept ?? site.Of) / site.Of);
            html.Append("<tr>")
                .Append(HtmlText.Cell(Breakable(site.Site), isNumber: false, isHeading: true))
                .Append(HtmlText.Cell(HtmlText.Escape(site.Split is null ? site.Method : $"{site.Method}, {site.Split}"), isNumber: false))
                .Append(HtmlText.Meter(kept, share, "keep"))
                .Append(HtmlText.Meter(Figures.Error(site.PredictedError), Relative(site.PredictedError, largest), "plan"))
                .Append(HtmlText.Meter(Figures.Error(site.MeasuredError), Relative(site.MeasuredError, largest), "error"))
                .Append("</tr>\n");
        }

        return html.Append("</tbody>\n</table></div>\n").ToString();
    }

    // What least squares made of the weights that the method gave.
    private static string Fits(IReadOnlyList<ReportedLayer> layers)
    {
        if (layers.Count == 0)
        {
            return "";
        }

        var largest = layers.Max(layer => Math.Max(layer.ErrorBefore, layer.ErrorAfter));
        var html = new StringBuilder("<h3>Weights made anew by least squares</h3>\n").Append(HtmlText.TableStart(
            $"{Figures.Count(layers.Count)} layers: relative error of their outputs on calibration rows that were not fitted",
            [new("layer"), new("before", true), new("after", true)],
            "before", "after"));
        foreach (var layer in layers)
        {
            html.Append("<tr>")
                .Append(HtmlText.Cell(Breakable(layer.Layer), isNumber: false, isHeading: true))
                .Append(HtmlText.Meter(Figures.Error(layer.ErrorBefore), Relative(layer.ErrorBefore, largest), "plan"))
                .Append(HtmlText.Meter(Figures.Error(layer.ErrorAfter), Relative(layer.ErrorAfter, largest), "error"))
                .Append("</tr>\n");
        }

        return html.Append("</tbody>\n</table></div>\n").ToString();
    }

    // Names of nodes are paths; a line may break behind each part.
    private static string Breakable(string name) => HtmlText.Escape(name).Replace("/", "/<wbr>", StringComparison.Ordinal);

    private static double Relative(double? error, double largest) => largest > 0 ? (error ?? 0) / largest : 0;
}
