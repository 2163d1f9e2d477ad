using System.Collections.Concurrent;
using OnnxCompress.Dependencies.Gradients;
using OnnxCompress.Numerics;

namespace OnnxCompress.Calibration;

/// <summary>Metrics of the outputs of all layers, each made when it is first asked for. Thread safe.</summary>
/// <param name="statistics">Where moments of derivatives are.</param>
internal sealed class OutputMetrics(CalibrationStatistics statistics)
{
    private readonly Dictionary<string, TapStatistics> _byTensor = statistics.Taps
        .Where(tap => tap.Key.Contains(GradientGraph.Mark, StringComparison.Ordinal))
        .ToDictionary(tap => tap.Key[..tap.Key.IndexOf(GradientGraph.Mark, StringComparison.Ordinal)], tap => tap.Value, StringComparer.Ordinal);

    private readonly ConcurrentDictionary<string, OutputMetric?> _whole = new(StringComparer.Ordinal);

    /// <summary>The metric of a layer's outputs; null where nothing is known of them.</summary>
    /// <param name="tensor">The outputs.</param>
    /// <param name="kept">Those that stayed; null when all did.</param>
    /// <param name="backend">Factorises.</param>
    public OutputMetric? Of(string tensor, int[]? kept, IDenseBackend backend) => !_byTensor.TryGetValue(tensor, out var moments) ? null
        : kept is not null ? OutputMetric.From(moments.Select(kept), backend)
        : _whole.GetOrAdd(tensor, (_, of) => OutputMetric.From(moments, of), backend);
}
