using System.Text;

namespace OnnxCompress.Reporting.Html;

/// <summary>The numbers that layers are stored and run in, and why some stayed as they were.</summary>
internal static class PrecisionSection
{
    /// <summary>The section's markup.</summary>
    public static string Write(ReportedPrecision? precision)
    {
        if (precision is null)
        {
            return "";
        }

        var html = new StringBuilder($"<p>{HtmlText.Escape(ReportSentences.Numbers(precision))}</p>\n").Append(HtmlText.TableStart(
            $"{Figures.Count(precision.Layers.Count)} layers", [new("layer"), new("numbers"), new("parameters", true), new("error", true), new("why")], "parameters", "error"));
        foreach (var layer in precision.Layers)
        {
            html.Append("<tr>")
                .Append(HtmlText.Cell(HtmlText.Escape(layer.Layer).Replace("/", "/<wbr>", StringComparison.Ordinal), isNumber: false, isHeading: true))
                .Append(HtmlText.Cell(layer.Form, isNumber: false))
                .Append(HtmlText.Cell(Figures.Count(layer.Parameters), isNumber: true))
                .Append(HtmlText.Cell(Figures.Error(layer.Error), isNumber: true))
                .Append(HtmlText.Cell(HtmlText.Escape(layer.Reason ?? ""), isNumber: false))
                .Append("</tr>\n");
        }

        return html.Append("</tbody>\n</table></div>\n").ToString();
    }
}
