using System.Text;

namespace OnnxCompress.Reporting.Html;

/// <summary>The models that were explored: cost against agreement.</summary>
internal static class FrontierSection
{
    private const double Left = 60, Right = 565, Top = 16, Bottom = 250;

    /// <summary>The section's markup; empty when nothing was explored.</summary>
    public static string Write(CompressionReport report)
    {
        var (points, original) = (report.Frontier, report.Original);
        if (points.Count == 0)
        {
            return "";
        }

        return Chart(points, original) + HtmlText.Table(ResultTables.Frontier(points, original), $"{Figures.Count(points.Count)} models that were explored")
            + (ReportSentences.Noise(report) is { } noise ? $"<p class=\"note\">{HtmlText.Escape(noise)}</p>\n" : "") + Commands(points);
    }

    // Across: bytes as a share of the original's where numbers differ, else MACs as a share of the original's, or parameters where MACs are not known. Up: agreement, or the error where nothing decides.
    private static string Chart(IReadOnlyList<ReportedFrontierPoint> points, ReportedCost original)
    {
        var byBytes = points.Select(point => point.Form).Distinct().Count() > 1;
        var byMacs = !byBytes && original.Macs is > 0 && points.All(point => point.Macs is not null);
        var decides = points.All(point => point.Agreement is not null);
        var shown = points
            .Select(point => (
                Point: point,
                Cost: byBytes ? (double)point.Bytes / Math.Max(1, original.Bytes) : byMacs ? (double)point.Macs!.Value / original.Macs!.Value : (double)point.Parameters / Math.Max(1, original.Parameters),
                Value: decides ? point.Agreement!.Value : point.RelativeError ?? 0))
            .OrderBy(entry => entry.Cost)
            .ToArray();
        var (low, high) = decides
            ? (Math.Floor(shown.Min(entry => entry.Value) * 20) / 20, 1.0)
            : (0.0, Math.Max(1e-9, shown.Max(entry => entry.Value)));
        low = Math.Min(low, high - 0.01);
        string X(double cost) => HtmlText.Number(Left + ((Right - Left) * Math.Clamp(cost, 0, 1)));
        string Y(double value) => HtmlText.Number(Bottom - ((Bottom - Top) * (value - low) / (high - low)));
        string Axis(double value) => decides ? Figures.Percent(value) : Figures.Error(value);
        var (across, up) = (byBytes ? "bytes, share of the original" : byMacs ? "MACs, share of the original" : "parameters, share of the original", decides ? "same decision" : "relative error");
        var svg = new StringBuilder(
            $"<figure>\n<svg class=\"chart\" viewBox=\"0 0 600 300\" role=\"img\" aria-label=\"{up} against {across}; the table below has the numbers.\">\n"
            + $"<path class=\"axis\" d=\"M{Left} {Top}V{Bottom}H{Right}\"/>\n"
            + $"<text x=\"{Left - 6}\" y=\"{Top + 5}\" text-anchor=\"end\">{Axis(high)}</text><text x=\"{Left - 6}\" y=\"{Bottom}\" text-anchor=\"end\">{Axis(low)}</text>\n");
        foreach (var tick in new[] { 0, 0.25, 0.5, 0.75, 1 })
        {
            svg.Append($"<text x=\"{X(tick)}\" y=\"{Bottom + 20}\" text-anchor=\"middle\">{HtmlText.Number(100 * tick)}%</text>\n");
        }

        svg.Append($"<text x=\"{HtmlText.Number((Left + Right) / 2)}\" y=\"{Bottom + 42}\" text-anchor=\"middle\">{across}</text>\n");
        foreach (var form in shown.GroupBy(entry => entry.Point.Form))
        {
            svg.Append($"<polyline class=\"line\" points=\"{string.Join(' ', form.Select(entry => $"{X(entry.Cost)},{Y(entry.Value)}"))}\"/>\n");
        }

        foreach (var (point, cost, value) in shown)
        {
            var label = (byBytes ? $"{point.Form}, " : "") + $"{Figures.Percent(cost)}: {Axis(value)}{(point.Chosen ? ", the model of this report" : "")}";
            svg.Append($"<circle class=\"{(point.Chosen ? "error" : "keep")}\" cx=\"{X(cost)}\" cy=\"{Y(value)}\" r=\"{(point.Chosen ? 7 : 5)}\"><title>{label}</title></circle>\n");
        }

        return svg.Append($"</svg>\n<figcaption>Each dot is a model{(byBytes ? ", each line one kind of numbers" : "")}{(shown.Any(entry => entry.Point.Chosen) ? "; the large one is that of this report" : "")}.</figcaption>\n</figure>\n").ToString();
    }

    private static string Commands(IReadOnlyList<ReportedFrontierPoint> points)
    {
        var commands = points.Where(point => point.Command is not null).ToArray();
        return commands.Length == 0
            ? ""
            : "<details>\n<summary>How to make each: the command line, and the item for a build</summary>\n<ul>\n"
                + string.Concat(commands.Select(point => $"<li>{Figures.Count(point.Parameters)} parameters{(point.Form == "float" ? "" : $", {point.Form}")}: <code>{HtmlText.Escape(point.Command)}</code>{(point.Item is null ? "" : $"<br><code>{HtmlText.Escape(point.Item)}</code>")}</li>\n"))
                + "</ul>\n</details>\n";
    }
}
