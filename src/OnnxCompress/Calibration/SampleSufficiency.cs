using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Calibration;

/// <summary>Says where the statistics rest on too few rows for the number of channels.</summary>
internal static class SampleSufficiency
{
    /// <summary>Fewer rows than this for each channel leave least squares free to fit noise.</summary>
    private const int RowsPerChannel = 10;

    /// <summary>One message for all places that have too few rows: what that costs is seen on the samples held out, which is what guards judge.</summary>
    public static IEnumerable<Diagnostic> Check(ModelAnalysis analysis, CalibrationStatistics statistics)
    {
        var consumers = analysis.Groups.SelectMany(g => g.ConsumerLayers).Select(c => (c.Layer.Node.Name, Tap: (ChannelTap?)ChannelTap.Of(c)));
        var outputs = analysis.Relations.Layers.Select(l => (l.Node.Name, Tap: ChannelTap.OfOutput(l, analysis.Relations.Shapes)));
        var poor = consumers.Concat(outputs)
            .Where(place => statistics.Find(place.Tap) is { } found && found.Rows < (long)RowsPerChannel * found.Channels)
            .Select(place => place.Name)
            .Distinct()
            .ToArray();
        if (poor.Length > 0)
        {
            yield return new Diagnostic(
                DiagnosticCodes.FewSamples,
                Severity.Information,
                $"{statistics.Samples} samples give fewer than {RowsPerChannel} rows for each channel at {poor.Length} layers ('{poor[0]}' first); more calibration data make the result safer.",
                poor[0]);
        }
    }
}
