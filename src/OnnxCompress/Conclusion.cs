using OnnxCompress.Calibration;
using OnnxCompress.Diagnostics;
using OnnxCompress.Samples;
using OnnxCompress.Search;
using OnnxCompress.Selection;
using OnnxCompress.Verification;

namespace OnnxCompress;

/// <summary>What a run has come to, for the report.</summary>
/// <param name="tools">What it worked with.</param>
/// <param name="prepared">The model that plans are for.</param>
/// <param name="statistics">Its statistics.</param>
/// <param name="samples">Calibration data.</param>
/// <param name="options">What the user said.</param>
internal sealed class Conclusion(
    PipelineTools tools, PreparedModel prepared, CalibrationStatistics statistics, ISampleSource samples, CompressionOptions options)
{
    /// <summary>What statistics lack; null for nothing.</summary>
    public Diagnostic? Warning { get; init; }

    /// <summary>The error of each site of a plan, in the compressed network on calibration rows; not a number where samples are made up.</summary>
    public double[] ErrorsOf(ExecutedPlan made, CancellationToken cancellation) =>
        (options.Statistics is not null || options.IsDataFree) && samples is RandomSampleSource
            ? [.. made.Plan.Sites.Select(_ => double.NaN)]
            : new SiteErrorMeter(tools.Runtime, options.Threads) { Mask = StageOptions.Mask(options, prepared.Model) }.Measure(
                prepared.Model, made.Observable ?? made.Model, made.Layers, made.Shrinkage, samples, options.BatchSize, cancellation);

    /// <summary>How far the runtime's kernels for bytes are from the nodes that they replace.</summary>
    public double KernelDifferenceOf(ExecutedPlan made, CancellationToken cancellation) =>
        new KernelDifference(tools.Runtime, options.Threads) { Mask = StageOptions.Mask(options, prepared.Model) }.Measure(made.Model, samples, options.BatchSize, cancellation);

    private static IEnumerable<Diagnostic> Saturating(double? difference) => !(difference > KernelDifference.Usual) ? [] :
    [
        new Diagnostic(
            DiagnosticCodes.KernelsDiffer,
            Severity.Warning,
            FormattableString.Invariant($"The model in 8 bits answers otherwise when the runtime optimises it: relative difference {difference:G2}. Its kernels on this processor may saturate.")),
    ];

    /// <summary>The result.</summary>
    /// <param name="made">The plan that was taken, carried out.</param>
    /// <param name="errors">See <see cref="ErrorsOf"/>.</param>
    /// <param name="nodeTiming">Time spent on timing single nodes.</param>
    /// <param name="difference">See <see cref="KernelDifferenceOf"/>.</param>
    public CompressionResult Of(ExecutedPlan made, double[] errors, TimeSpan nodeTiming, double? difference)
    {
        var analysis = prepared.Analysis;
        return new CompressionResult(
            made.Model, made.Plan with { Precision = StageOptions.Precision(options), Target = StageOptions.Target(options), Vocabulary = [.. options.Cuts.Select(c => c.Rows)] }, [.. made.Plan.Sites.Select((s, i) => SiteOutcome.From(s, errors[i]))],
            prepared.Original,
            made.Cost,
            // A branch that nobody asked for is held by nothing.
            [.. analysis.Refusals.Where(r => r.Code != DiagnosticCodes.BranchHeld || StageOptions.Methods(options).Contains(CompressionMethod.Depth))],
            [.. SampleSufficiency.Check(analysis, statistics), .. new[] { Warning }.OfType<Diagnostic>(), .. made.Warnings, .. Saturating(difference)],
            tools.Watch.Times with { NodeTimingSeconds = nodeTiming.TotalSeconds })
        {
            Layers = made.Fits,
            Precision = made.Precision,
            WeightBits = made.WeightBits,
            KernelDifference = difference,
        };
    }
}
