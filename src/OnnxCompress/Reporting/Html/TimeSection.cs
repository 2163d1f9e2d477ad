using System.Globalization;
using System.Text;

namespace OnnxCompress.Reporting.Html;

/// <summary>Where the time went.</summary>
internal static class TimeSection
{
    /// <summary>The section's markup.</summary>
    public static string Write(ReportedTiming timing)
    {
        (string Stage, double Seconds)[] stages =
        [
            ("read", timing.ReadSeconds), ("analyze", timing.AnalyzeSeconds), ("calibrate", timing.CalibrateSeconds), ("select", timing.SelectSeconds),
            ("allocate", timing.AllocateSeconds), ("reconstruct", timing.ReconstructSeconds), ("verify", timing.VerifySeconds),
        ];
        var longest = stages.Max(stage => stage.Seconds);
        var html = new StringBuilder(HtmlText.TableStart(
            $"{Seconds(timing.TotalSeconds)} in all, at most {Figures.Bytes(timing.PeakWorkingSetBytes)} of memory", [new("stage"), new("time", true)], "time"));
        foreach (var (stage, seconds) in stages)
        {
            html.Append("<tr>")
                .Append(HtmlText.Cell(stage, isNumber: false, isHeading: true))
                .Append(HtmlText.Meter(Seconds(seconds), longest > 0 ? seconds / longest : 0, "plan"))
                .Append("</tr>\n");
        }

        return html.Append("</tbody>\n</table></div>\n").ToString();
    }

    private static string Seconds(double seconds) => string.Create(CultureInfo.InvariantCulture, $"{seconds:F1} s");
}
