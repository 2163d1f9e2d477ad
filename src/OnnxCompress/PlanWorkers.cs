using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Forms;
using OnnxCompress.Reconstruction;
using OnnxCompress.Rewriting;
using OnnxCompress.Samples;
using OnnxCompress.Search;
using OnnxCompress.Selection;
using OnnxCompress.Timing;

namespace OnnxCompress;

/// <summary>What makes plans of a run, and what carries them out.</summary>
/// <param name="tools">What they work with.</param>
/// <param name="prepared">The model that plans are for.</param>
/// <param name="statistics">Its statistics.</param>
/// <param name="samples">Calibration data.</param>
/// <param name="options">What the user said.</param>
internal sealed class PlanWorkers(
    PipelineTools tools, PreparedModel prepared, CalibrationStatistics statistics, ISampleSource samples, CompressionOptions options)
{
    /// <summary>What every plan ends with.</summary>
    public required IReadOnlyList<string> Rewrites { get; init; }

    /// <summary>Times models of plans.</summary>
    public required ResultTimes Times { get; init; }

    /// <summary>Both.</summary>
    /// <param name="curves">What could go.</param>
    /// <param name="tables">Times of layers; null where time is not limited.</param>
    /// <param name="outputs">What least squares fits to; null where nothing is fitted.</param>
    /// <param name="cancellation">Stops the run.</param>
    public (Planner Planner, PlanExecutor Executor) Open(SiteCurves curves, LatencyTables? tables, OriginalOutputs? outputs, CancellationToken cancellation)
    {
        var (model, analysis, _) = prepared;
        var rewriter = new PlanRewriter(model, analysis, statistics, tools.Decompositions, options.Selection);
        PlanAllocator Allocator(LatencyCost? known) => new(
            model, prepared.Original, analysis, statistics, tools.Backend, curves, known, StageOptions.Allocation(options, isFitted: outputs is not null) with { Rewrites = Rewrites });
        var reconstructor = new Reconstructor(tools.Runtime, tools.Backend, options.Threads, new OutputMetrics(statistics));
        var quantizer = Quantizers.Of(tools, prepared, samples, options, cancellation);
        var executor = new PlanExecutor(rewriter, reconstructor, outputs, StageOptions.Mode(options), quantizer, tools.Watch, Table());
        var untimed = Allocator(null);
        TimedPlans Timed() => tables is null ? new(untimed, null, 1) : tools.Watch.Time("time nodes", () => Weighed(tables, Allocator, executor, cancellation));
        return (
            new Planner(untimed, Timed, (plan, again, token) => Times.OfMany(plan, again, () => executor.Sketch(plan, token), token), executor.Weigh, prepared.Original, tools.Watch)
            {
                IsTimed = tables is not null,
                Nothing = Nothing,
                ByteShare = quantizer is null ? 1 : (double)quantizer.Outline(model, cancellation).Bytes / model.Bytes,
            },
            executor);
    }

    private CompressionPlan Nothing => new(prepared.Model.SourceSha256, []) { Rewrites = Rewrites };

    private TimedPlans Weighed(LatencyTables tables, Func<LatencyCost?, PlanAllocator> allocatorBy, PlanExecutor executor, CancellationToken cancellation)
    {
        var (time, whole) = tables.Cost.WholeMilliseconds > LatencyCalibration.ShortRunMs ? Calibrated(tables, allocatorBy, executor, cancellation) : (tables.Cost, 1);
        return new(allocatorBy(time), time, whole);
    }

    private (LatencyCost Time, double Whole) Calibrated(LatencyTables tables, Func<LatencyCost?, PlanAllocator> allocatorBy, PlanExecutor executor, CancellationToken cancellation)
    {
        var nothing = Nothing;
        double Measured(CompressionPlan plan) => Times.OfCalibration(plan, () => executor.Sketch(plan, cancellation), cancellation);
        // What choices take in other numbers is a share of the model in these numbers of which nothing is removed.
        var form = StageOptions.Precision(options);
        var alone = form == NumberForm.Float ? 1 : Measured(nothing);
        var time = form is NumberForm.Int8 or NumberForm.Int4 ? tables.InBytes(alone, cancellation) : tables.Cost;
        var allocator = allocatorBy(time);
        var calibration = new LatencyCalibration(
            (budget, rule) => allocator.Allocate(budget, rule, ModelCost.None, cancellation), plan => Measured(plan) / alone, plan => executor.PartsOf(plan, time));
        return (time.Calibrated(calibration.Run(nothing, isRewritten: Rewrites.Count > 0, allocator.Rules)), alone);
    }

    private TableTimes Table() => TableTimes.Of(prepared.Analysis, WidthTable.VectorWidth, options.TimedBatch);
}
