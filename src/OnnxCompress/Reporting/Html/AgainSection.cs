using System.Globalization;

namespace OnnxCompress.Reporting.Html;

/// <summary>What makes the result again: the command, the seed, and what was done to the data.</summary>
internal static class AgainSection
{
    /// <summary>The section's markup.</summary>
    public static string Write(CompressionReport report)
    {
        var command = report.Command is null ? "" : $"<pre tabindex=\"0\" aria-label=\"Command line\"><code>{HtmlText.Escape(report.Command)}</code></pre>\n";
        var seed = report.Seed.ToString(CultureInfo.InvariantCulture);
        return command + $"<p>Seed {seed}. Equal inputs give equal bytes on the same machine.</p>\n" + Data(report.Preprocessing);
    }

    private static string Data(ReportedPreprocessing? preprocessing)
    {
        if (preprocessing is null)
        {
            return "";
        }

        var pictures = $"{(preprocessing.Resize is null ? "" : $" Pictures were resized to {preprocessing.Resize} ({preprocessing.ResizeFilter}).")}"
            + $"{(preprocessing.Crop is null ? "" : $" Their middle was cropped to {preprocessing.Crop}.")}";
        return $"<p>Data: <code>(x * {Number(preprocessing.Scale)} - {List(preprocessing.Mean, 0)}) / {List(preprocessing.Std, 1)}</code>, "
            + $"stored as {HtmlText.Escape(preprocessing.Layout)}.{HtmlText.Escape(pictures)} What feeds the model must do the same.</p>\n";
    }

    private static string List(IReadOnlyList<double> values, double missing) => values.Count switch
    {
        0 => Number(missing),
        1 => Number(values[0]),
        _ => $"[{string.Join(", ", values.Select(Number))}]",
    };

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
