using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Calibration.Data;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Search;
using OnnxCompress.Selection;
using OnnxCompress.Selection.Interpolative;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Simplification;
using OnnxCompress.Verification;

namespace OnnxCompress;

/// <summary>The pipeline: analyze, calibrate, select, allocate, rewrite.</summary>
/// <param name="backend">Does the linear algebra.</param>
/// <param name="runtime">Runs models.</param>
public sealed class Compressor(IDenseBackend backend, IModelRuntime runtime)
{
    /// <summary>Finds what can be removed, what cannot and why; needs one sample for shapes, whatever its values.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="sample">Any sample of the model's inputs.</param>
    /// <param name="options">Which nodes are selected.</param>
    /// <param name="cancellation">Stops the run.</param>
    /// <exception cref="OnnxCompressException">The model cannot be loaded or run; the diagnostic says why.</exception>
    public ModelAnalysis Analyze(OnnxModel model, ISampleSource sample, CompressionOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(options);
        return Prepare(model, sample, options, cancellation).Analysis;
    }

    /// <summary>Takes the statistics that the methods need, for <see cref="CompressionOptions.Statistics"/>.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="samples">Calibration data.</param>
    /// <param name="options">Methods, threads and batch size.</param>
    /// <param name="progress">Told where the run stands.</param>
    /// <param name="cancellation">Stops the run.</param>
    /// <exception cref="OnnxCompressException">Model or data cannot be worked with; the diagnostic says why.</exception>
    public CalibrationStatistics Calibrate(
        OnnxModel model, ISampleSource samples, CompressionOptions options, IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(options);
        (model, var analysis) = Prepare(model, samples, options, cancellation);
        return new Calibrator(runtime, options.Threads).Run(
            model, analysis.Relations.Shapes, Taps(analysis, options), samples, options.BatchSize, progress, cancellation);
    }

    /// <summary>Compresses a model.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="samples">Calibration data; made-up ones (<see cref="RandomSampleSource"/>) serve for shapes only, beside
    /// <see cref="CompressionOptions.Statistics"/>.</param>
    /// <param name="options">What to reach and how.</param>
    /// <param name="progress">Told where the run stands.</param>
    /// <param name="cancellation">Stops the run; nothing has been written by then.</param>
    /// <returns>The compressed model and how it came about.</returns>
    /// <exception cref="OnnxCompressException">Model, data or budget cannot be worked with; the diagnostic says why.</exception>
    public CompressionResult Compress(
        OnnxModel model, ISampleSource samples, CompressionOptions options, IProgress<ProgressUpdate>? progress, CancellationToken cancellation) =>
        Compress(model, new CompressionData(samples), options, progress, cancellation);

    /// <summary>Compresses a model, with data that plans are compared on and proven on.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="data">Calibration, validation and guard samples.</param>
    /// <param name="options">What to reach and how.</param>
    /// <param name="progress">Told where the run stands.</param>
    /// <param name="cancellation">Stops the run; nothing has been written by then.</param>
    /// <returns>The compressed model and how it came about.</returns>
    /// <exception cref="OnnxCompressException">Model, data or budget cannot be worked with; the diagnostic says why.</exception>
    public CompressionResult Compress(
        OnnxModel model, CompressionData data, CompressionOptions options, IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(options);
        var samples = data.Statistics;
        var watch = new StageWatch(progress);
        var original = model;
        (model, var analysis) = watch.Time("analyze", () => Prepare(original, samples, options, cancellation));
        var statistics = watch.Time("calibrate", () => options.Statistics ?? new Calibrator(runtime, options.Threads).Run(
            model, analysis.Relations.Shapes, Taps(analysis, options), samples, options.BatchSize, progress, cancellation));
        var workshop = watch.Time("select", () => new Workshop(runtime, backend, model, analysis, statistics, options)
        {
            Sites = Uses(options, CompressionMethod.Interpolative) ? Select(model, analysis, statistics, options, cancellation) : [],
            Splits = Uses(options, CompressionMethod.LowRank) ? new SplitSelector(model, analysis, statistics, backend, options).Select(cancellation) : [],
            Samples = samples,
            Watch = watch,
        });
        var draft = Search(original, workshop, data, options, progress, cancellation);
        var errors = watch.Time("reconstruct", () => Measure(model, analysis, draft, samples, options, cancellation));
        return Describe(original, analysis, draft, errors, statistics, watch.Times);
    }

    private Draft Search(
        OnnxModel original, Workshop workshop, CompressionData data, CompressionOptions options, IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        var verification = new VerificationOptions { Decision = options.Decision, Threads = options.Threads };
        PlanJudge? Judge(ISampleSource? samples) => samples is { Count: > 0 } ? new PlanJudge(runtime, original, samples, verification) : null;
        var search = new PlanSearch(workshop, Judge(data.Validation), progress, cancellation);
        return options.Budget.IsLimited || options.Goal is null
            ? search.Best(options.Budget)
            : new GoalSearch(search, Judge(data.Guard), options.Goal).Smallest(cancellation);
    }

    /// <summary>The simplified model, which all later stages work on, and its analysis.</summary>
    private (OnnxModel Model, ModelAnalysis Analysis) Prepare(
        OnnxModel model, ISampleSource samples, CompressionOptions options, CancellationToken cancellation)
    {
        var isSelected = NodeSelector.Create(model, options.Include, options.Exclude);
        var sample = samples.Read(SampleBatches.Of(1, model.Inputs, preferred: 1).First().Indices);
        var simplified = Simplifier.Simplify(model, runtime, sample, cancellation);
        var shapes = ShapeObserver.Observe(runtime, simplified, sample, cancellation);
        return (simplified, DependencyAnalyzer.Analyze(simplified, shapes, isSelected));
    }

    private static IEnumerable<ChannelTap> Taps(ModelAnalysis analysis, CompressionOptions options) =>
        (Uses(options, CompressionMethod.Interpolative) ? analysis.Groups.SelectMany(g => g.ConsumerLayers).Select(ChannelTap.Of) : [])
            .Concat(Uses(options, CompressionMethod.LowRank) ? LayerProblems.Taps(analysis) : []);

    private static bool Uses(CompressionOptions options, CompressionMethod method) => options.Methods.Count == 0 || options.Methods.Contains(method);

    private SiteCandidate[] Select(
        OnnxModel model, ModelAnalysis analysis, CalibrationStatistics statistics, CompressionOptions options, CancellationToken cancellation)
    {
        var sites = new SiteCandidate[analysis.Groups.Count];
        void SelectSite(int i)
        {
            var group = analysis.Groups[i];
            var moments = group.ConsumerLayers
                .Select(c => new ConsumerMoments(c, model.Graph, statistics, backend, options.Selection == ChannelSelection.Target))
                .ToArray();
            sites[i] = new SiteCandidate(group, GreedySelection.Run(group, moments, options.Selection, cancellation), options.Alignment);
        }

        ParallelWork.For(sites.Length, backend.Threads, SelectSite, cancellation);
        return sites;
    }

    private double[] Measure(
        OnnxModel model, ModelAnalysis analysis, Draft draft, ISampleSource samples, CompressionOptions options, CancellationToken cancellation) =>
        options.Statistics is not null && samples is RandomSampleSource
            ? [.. draft.Plan.Sites.Select(_ => double.NaN)]
            : new SiteErrorMeter(runtime, options.Threads).Measure(
                model, draft.Model, [.. draft.Plan.Sites.Select(s => LayersOf(s, analysis))], draft.Shrinkage, samples, options.BatchSize, cancellation);

    /// <summary>The layers whose outputs show what a site does.</summary>
    private static LinearLayer[] LayersOf(SitePlan site, ModelAnalysis analysis) => site is ChannelPlan
        ? [.. analysis.Groups.First(g => g.Name == site.Site).ConsumerLayers.Select(c => c.Layer)]
        : [SplitSites.Find(analysis).First(l => l.Node.Name == site.Site)];

    private static CompressionResult Describe(
        OnnxModel model, ModelAnalysis analysis, Draft draft, double[] errors, CalibrationStatistics statistics, StageTimes times)
    {
        var (plan, compressed) = (draft.Plan, draft.Model);
        var removed = plan.Channels.SelectMany(s => analysis.Groups.First(g => g.Name == s.Site).Atoms.Where((_, i) => !s.Kept.Contains(i))).ToHashSet();
        bool IsKept(int root) => !removed.Contains(root);
        var sites = plan.Sites.Select((s, i) => SiteOutcome.From(s, errors[i]));
        return new CompressionResult(
            compressed, plan, [.. sites],
            new ModelCost(ParameterCount.Of(model), analysis.Macs, model.Bytes),
            new ModelCost(ParameterCount.Of(compressed), SplitMacs.Of(plan, analysis, IsKept), compressed.Bytes),
            analysis.Refusals,
            [.. SampleSufficiency.Check(analysis, statistics)],
            times)
        {
            Layers = draft.Fits,
        };
    }
}
