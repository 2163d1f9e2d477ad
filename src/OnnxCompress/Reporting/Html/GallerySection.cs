using System.Globalization;
using System.Text;
using OnnxCompress.Reporting.Shown;
using OnnxCompress.Verification;
using OnnxCompress.Verification.Decisions;

namespace OnnxCompress.Reporting.Html;

/// <summary>Changed decisions to look at: pictures with what both models see in them, and texts side by side. Pictures are part of the page.</summary>
internal static class GallerySection
{
    /// <summary>The markup; empty where there is nothing to look at.</summary>
    public static string Write(IReadOnlyList<ShownRule> rules)
    {
        var html = new StringBuilder();
        foreach (var rule in rules)
        {
            var figures = string.Concat(rule.Changes.Select(change => Figure(rule.Kind, change)));
            if (figures.Length > 0)
            {
                html.Append(rules.Count > 1 ? $"<h3>{HtmlText.Escape(rule.Output)}</h3>\n" : "").Append(Legend(rule.Kind));
                html.Append("<div class=\"gallery\">\n").Append(figures).Append("</div>\n");
            }
        }

        return html.ToString();
    }

    private static string Legend(DecisionKind kind) => kind switch
    {
        DecisionKind.Detection => "<p>Boxes of the <span class=\"was\">original have whole lines</span>, those of the <span class=\"now\">compressed model dashed ones</span>.</p>\n",
        DecisionKind.Pixels => "<p>Pixels that changed are coloured.</p>\n",
        DecisionKind.Ctc => "<p>Classes of the text, as numbers; what is not in both is marked.</p>\n",
        _ => "",
    };

    private static string Figure(DecisionKind kind, ShownChange change)
    {
        var said = kind switch
        {
            DecisionKind.Ctc => Spelt(change),
            DecisionKind.Pixels => $"<br>{HtmlText.Escape(change.Compressed)}",
            DecisionKind.Embedding => $"<br>nearest: {HtmlText.Escape(change.Original)}, now {HtmlText.Escape(change.Compressed)}",
            _ => $"<br>original: {HtmlText.Escape(change.Original)}<br>compressed: {HtmlText.Escape(change.Compressed)}",
        };
        var drawing = Drawing(change);
        return drawing.Length == 0 && kind != DecisionKind.Ctc ? "" : $"<figure class=\"change\">\n{drawing}<figcaption>{HtmlText.Escape(change.Title)}{said}</figcaption>\n</figure>\n";
    }

    private static string Drawing(ShownChange change)
    {
        if ((change.Picture ?? change.Pixels) is not { } frame)
        {
            return "";
        }

        var over = new StringBuilder();
        over.Append(change.Picture is { } picture ? Image(picture, frame) : "").Append(change.Pixels is { } pixels ? Image(pixels, frame) : "");
        Outline(over, change.OriginalBoxes, "was");
        Outline(over, change.CompressedBoxes, "now");
        var drawn = Svg(frame, change.Title, over.ToString());
        return change is { OriginalNeighbour: { } before, CompressedNeighbour: { } after }
            ? $"<div class=\"beside\">{drawn}{Svg(before, $"nearest for the original: {change.Original}", Image(before, before))}{Svg(after, $"nearest for the compressed model: {change.Compressed}", Image(after, after))}</div>\n"
            : drawn;
    }

    private static string Svg(ShownPicture frame, string label, string content) =>
        $"<svg class=\"picture\" viewBox=\"0 0 {frame.Width} {frame.Height}\" role=\"img\" aria-label=\"{HtmlText.Escape(label)}\">{content}</svg>\n";

    private static string Image(ShownPicture picture, ShownPicture frame) =>
        $"<image href=\"data:image/png;base64,{Convert.ToBase64String(picture.Png)}\" width=\"{frame.Width}\" height=\"{frame.Height}\" preserveAspectRatio=\"none\"/>";

    private static void Outline(StringBuilder html, IReadOnlyList<Box> boxes, string kind)
    {
        foreach (var box in boxes)
        {
            var place = $"x=\"{HtmlText.Number(box.Left)}\" y=\"{HtmlText.Number(box.Top)}\" width=\"{HtmlText.Number(box.Right - box.Left)}\" height=\"{HtmlText.Number(box.Bottom - box.Top)}\"";
            // A light line below stands out from dark pictures, the coloured one from light pictures.
            html.Append(CultureInfo.InvariantCulture, $"<rect class=\"halo\" {place}/><rect class=\"{kind}\" {place}><title>{kind} {HtmlText.Escape($"{box}")}</title></rect>");
        }
    }

    private static string Spelt(ShownChange change)
    {
        var (before, after) = TextDifference.Marked(change.Original, change.Compressed);
        string Line(string name, IReadOnlyList<(string Word, bool IsCommon)> words) => $"<br>{name}: <code>{string.Join(' ', words.Select(w => w.IsCommon ? HtmlText.Escape(w.Word) : $"<mark>{HtmlText.Escape(w.Word)}</mark>"))}</code>";
        return Line("original", before) + Line("compressed", after);
    }
}
