using OnnxCompress.Allocation;
using OnnxCompress.Allocation.Timing;
using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Rewriting;
using OnnxCompress.Selection;
using OnnxCompress.Verification;

namespace OnnxCompress.Search;

/// <summary>Makes plans for one model and carries them out: what every search does again and again.</summary>
/// <param name="runtime">Where models run.</param>
/// <param name="backend">Does the linear algebra.</param>
/// <param name="model">The model; not changed.</param>
/// <param name="analysis">Its analysis.</param>
/// <param name="statistics">Its statistics.</param>
/// <param name="options">How it is compressed.</param>
internal sealed class Workshop(
    IModelRuntime runtime, IDenseBackend backend, OnnxModel model, ModelAnalysis analysis, CalibrationStatistics statistics, CompressionOptions options)
    : IDisposable
{
    /// <summary>The model that plans are for: the original, simplified.</summary>
    public OnnxModel Model => model;

    /// <summary>How it is compressed.</summary>
    public CompressionOptions Options => options;

    /// <summary>Its analysis.</summary>
    public ModelAnalysis Analysis => analysis;

    /// <summary>Its statistics.</summary>
    public CalibrationStatistics Statistics => statistics;

    /// <summary>Groups that can shrink, with their curves.</summary>
    public SiteCandidate[] Sites { get; init; } = [];

    /// <summary>Layers that can be split, with theirs.</summary>
    public SplitCandidate[] Splits { get; init; } = [];

    /// <summary>What plans take in the runtime; null where time is not limited.</summary>
    public LatencyTables? Timing { get; init; }

    /// <summary>Times what it does.</summary>
    public required StageWatch Watch { get; init; }

    /// <summary>The data that least squares fits on.</summary>
    public required ISampleSource Samples { get; init; }

    /// <summary>What least squares fits to; null where nothing is fitted.</summary>
    public OriginalOutputs? Outputs { get; init; }

    /// <summary>The rules that can be tried.</summary>
    public IReadOnlyList<PlanRule> Rules => PlanRule.For(Sites.Length > 0, Splits.Length > 0, Splits.Any(s => s.SpatialFirst() != s), isFitted: Outputs is not null);

    /// <summary>A plan within a budget.</summary>
    /// <exception cref="OnnxCompressException">OCX5001: the budget cannot be met however much is removed.</exception>
    public CompressionPlan Plan(Budget budget, PlanRule rule, CancellationToken cancellation) => Watch.Time("allocate", () => budget.KeepLatency is null
        ? Allocate(budget, rule, cancellation)
        : new LatencyPlanner(b => Allocate(b, rule, cancellation), plan => TimeShare(plan, cancellation)).Plan(budget));

    /// <summary>The compressed model of a plan.</summary>
    /// <exception cref="OnnxCompressException">OCX6001: the plan is not for this model.</exception>
    public Draft CarryOut(CompressionPlan plan, IProgress<ProgressUpdate>? progress, CancellationToken cancellation) =>
        Watch.Time("reconstruct", () => Reconstruct(plan, progress, cancellation));

    /// <inheritdoc />
    public void Dispose() => Outputs?.Dispose();

    private CompressionPlan Allocate(Budget budget, PlanRule rule, CancellationToken cancellation)
    {
        SiteCandidate[] sites = rule.Channels ? [.. Sites.Select(s => s.Weighted(rule.WeightOf(s.Group.Name)))] : [];
        SplitCandidate[] splits = rule.Splits ? [.. Splits.Select(s => (rule.SpatialFirst ? s.SpatialFirst() : s).Weighted(rule.WeightOf(s.Layer.Node.Name)))] : [];
        var limits = new BudgetLimits([.. sites.Select(s => s.Group)], splits, analysis.Cost, model.Bytes, budget, Timing?.Cost);
        var allocated = sites.Length == 0 && Array.Exists(splits, s => s.Spectra is not null)
            ? AldsSearch.Run(splits, limits, options.Seed)
            : new LevelAllocator(sites, splits, analysis.Cost, limits, rule.ChannelRatio, rule.IsPriced).Allocate();
        IEnumerable<ChannelPlan> channels = sites.Select((site, i) => site.ToPlan(allocated.Kept[i], cancellation)).Where(p => p.Kept.Count < p.Of);
        if (channels.Any(p => p.Method == CompressionMethod.Coreset))
        {
            channels = new CoresetPlans(analysis, statistics, backend, options.UsedCoresetDraws, options.Seed).Draw(channels);
        }

        var ranks = splits.Zip(allocated.Splits).Where(p => p.Second is not null).Select(p => p.First.ToPlan(p.Second!));
        return new CompressionPlan(model.Sha256, [.. channels, .. ranks]) { Rule = rule.Name };
    }

    /// <summary>Weights do not change how long a model runs, so they are not fitted for this.</summary>
    private double TimeShare(CompressionPlan plan, CancellationToken cancellation)
    {
        var (compressed, _) = Rewrite(plan, cancellation);
        var timing = new LatencyOptions { Threads = options.Threads, MinimumRounds = 9, Time = TimeSpan.FromSeconds(1) };
        return new LatencyComparer(runtime).Compare(model, compressed, Samples, timing, null, cancellation).Ratio;
    }

    private Func<int, bool> IsKept(CompressionPlan plan)
    {
        var removed = plan.Channels.SelectMany(s => analysis.GroupOf(s.Site)!.Without(s.Kept)).ToHashSet();
        return root => !removed.Contains(root);
    }

    /// <summary>What a compressed model costs.</summary>
    public ModelCost CostOf(Draft draft) =>
        new(ParameterCount.Of(draft.Model), SplitMacs.Of(draft.Plan, analysis, IsKept(draft.Plan)), draft.Model.Bytes);

    private Draft Reconstruct(CompressionPlan plan, IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        var (compressed, shrinkage) = Rewrite(plan, cancellation);
        return new Draft(plan, compressed, shrinkage, Outputs is null
            ? []
            : new Reconstructor(runtime, backend, options.Threads).Run(Outputs, compressed, shrinkage, options.Reconstruction, progress, cancellation));
    }

    private (OnnxModel Model, Shrinkage Shrinkage) Rewrite(CompressionPlan plan, CancellationToken cancellation)
    {
        var rewriter = new ChannelRewriter(analysis, statistics, backend, options.Selection);
        var narrowed = rewriter.Rewrite(model, plan, cancellation, out var shrinkage);
        return (new SplitRewriter(analysis, statistics, backend).Rewrite(narrowed, plan, shrinkage, cancellation), shrinkage);
    }
}
