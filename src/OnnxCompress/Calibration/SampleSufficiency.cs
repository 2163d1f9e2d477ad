using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Calibration;

/// <summary>Warns where the statistics rest on too few rows for the number of channels.</summary>
internal static class SampleSufficiency
{
    /// <summary>Fewer rows than this for each channel leave least squares free to fit noise.</summary>
    private const int RowsPerChannel = 10;

    /// <summary>One warning for all places that have too few rows.</summary>
    public static IEnumerable<Diagnostic> Check(ModelAnalysis analysis, CalibrationStatistics statistics)
    {
        var poor = analysis.Groups.SelectMany(g => g.ConsumerLayers)
            .Where(c => statistics.Of(ChannelTap.Of(c)).Rows < (long)RowsPerChannel * c.Channels.Length)
            .Select(c => c.Layer.Node.Name)
            .Distinct()
            .ToArray();
        if (poor.Length > 0)
        {
            yield return new Diagnostic(
                DiagnosticCodes.FewSamples,
                Severity.Warning,
                $"{statistics.Samples} samples give fewer than {RowsPerChannel} rows for each channel at {poor.Length} layers ('{poor[0]}' first); more calibration data make the result safer.",
                poor[0]);
        }
    }
}
