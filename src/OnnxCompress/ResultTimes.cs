using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Verification;

namespace OnnxCompress;

/// <summary>Times results beside the original.</summary>
/// <param name="runtime">Where both run.</param>
/// <param name="original">The original.</param>
/// <param name="samples">What they run on.</param>
/// <param name="options">What the user said.</param>
internal sealed class ResultTimes(IModelRuntime runtime, OnnxModel original, ISampleSource samples, CompressionOptions options)
{
    /// <summary>The time of a result that one decision hangs on.</summary>
    public double Share(OnnxModel made, CancellationToken cancellation) => Compare(made, StageOptions.Comparison(options), cancellation).Ratio;

    /// <summary>The time of one result of many, each of which is timed for a moment.</summary>
    public LatencyComparison Glance(OnnxModel made, CancellationToken cancellation) =>
        Compare(made, StageOptions.Comparison(options) with { MinimumRounds = 11, Time = TimeSpan.FromSeconds(0.5) }, cancellation);

    private LatencyComparison Compare(OnnxModel made, LatencyOptions timing, CancellationToken cancellation) =>
        new LatencyComparer(runtime).Compare(original, made, samples, timing, null, cancellation);
}
