using System.Globalization;
using System.Net;
using System.Text;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Reporting.Html;

/// <summary>Small pieces of HTML; whatever comes from outside is escaped here.</summary>
internal static class HtmlText
{
    /// <summary>Text that cannot become markup, in elements and in quoted attributes.</summary>
    public static string Escape(string? text) => WebUtility.HtmlEncode(PlainText.Escape(text ?? ""));

    /// <summary>A number as SVG and CSS read it.</summary>
    public static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    /// <summary>A table with a caption for those who hear it; cells are escaped.</summary>
    public static string Table(ResultTable table, string caption)
    {
        var html = new StringBuilder(TableStart(caption, table.Columns));
        foreach (var row in table.Rows)
        {
            html.Append("<tr>");
            for (var i = 0; i < row.Count; i++)
            {
                html.Append(Cell(Escape(row[i]), table.Columns[i].IsNumber, isHeading: i == 0));
            }

            html.Append("</tr>\n");
        }

        return html.Append("</tbody>\n</table></div>\n").ToString();
    }

    /// <summary>The beginning of a table up to its first row.</summary>
    /// <param name="caption">What the table shows.</param>
    /// <param name="columns">Its headings.</param>
    /// <param name="metered">Headings that stand over a number and its bar.</param>
    public static string TableStart(string caption, IEnumerable<ResultColumn> columns, params IReadOnlyList<string> metered) =>
        $"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{Escape(caption)}\"><table>\n<caption>{Escape(caption)}</caption>\n<thead><tr>"
        + string.Concat(columns.Select(column => $"<th scope=\"col\"{(metered.Contains(column.Heading) ? " colspan=\"2\"" : column.IsNumber ? " class=\"n\"" : "")}>{Escape(column.Heading)}</th>"))
        + "</tr></thead>\n<tbody>\n";

    /// <summary>A cell; its content is markup.</summary>
    public static string Cell(string content, bool isNumber, bool isHeading = false)
    {
        var style = isNumber ? " class=\"n\"" : "";
        return isHeading ? $"<th scope=\"row\"{style}>{content}</th>" : $"<td{style}>{content}</td>";
    }

    /// <summary>A number, and beside it a cell with its bar.</summary>
    public static string Meter(string number, double share, string kind) => $"{Cell(number, isNumber: true)}<td class=\"meter\">{Bar(share, kind)}</td>";

    /// <summary>A horizontal bar; what it shows stands beside it in words.</summary>
    /// <param name="share">In [0, 1]; more is drawn as 1.</param>
    /// <param name="kind">Its class: <c>keep</c>, <c>error</c> or <c>plan</c>.</param>
    public static string Bar(double share, string kind)
    {
        var width = Number(100 * Math.Clamp(double.IsFinite(share) ? share : 0, 0, 1));
        return $"<svg class=\"bar\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"track\" width=\"100\" height=\"8\"/>"
            + $"<rect class=\"{kind}\" width=\"{width}\" height=\"8\"/></svg>";
    }
}
