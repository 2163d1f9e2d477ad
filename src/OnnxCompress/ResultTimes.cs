using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using OnnxCompress.Allocation;
using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Search;
using OnnxCompress.Timing;
using OnnxCompress.Verification;

namespace OnnxCompress;

/// <summary>
/// Times models of plans beside the original. What a decision hangs on is kept with the times of nodes: another run decides the same.
/// </summary>
/// <param name="runtime">Where both run.</param>
/// <param name="original">The original.</param>
/// <param name="samples">What they run on.</param>
/// <param name="options">What the user said.</param>
internal sealed class ResultTimes(IModelRuntime runtime, OnnxModel original, ISampleSource samples, CompressionOptions options)
{
    private readonly NodeTimeCache _cache = NodeTimeCache.Open(options.CacheFolder, runtime.Version, options.Threads);

    /// <summary>The time of a plan of many; weights do not change it, so that they need not be fitted.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="again">Whether it is measured once more, whatever the first time came to.</param>
    /// <param name="made">Makes its model.</param>
    /// <param name="cancellation">Stops between runs.</param>
    public double OfMany(CompressionPlan plan, bool again, Func<OnnxModel> made, CancellationToken cancellation) =>
        Known(plan, again ? "again" : "first", made, StageOptions.Comparison(options) with { MinimumRounds = 9, Time = TimeSpan.FromSeconds(1) }, cancellation);

    /// <summary>The time of a plan that shows what others take: as many pairs as tell it from chance, which of short runs takes a moment.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="made">Makes its model.</param>
    /// <param name="cancellation">Stops between runs.</param>
    public double OfCalibration(CompressionPlan plan, Func<OnnxModel> made, CancellationToken cancellation) =>
        Known(plan, "calibration", made, StageOptions.Comparison(options) with { MinimumRounds = 9, Rounds = 25, Time = TimeSpan.FromSeconds(3) }, cancellation);

    /// <summary>Whether a plan was one of those.</summary>
    public bool IsOfCalibration(CompressionPlan plan) => _cache.Find(KeyOf(plan, "calibration")) is not null;

    /// <summary>The time of a result that a decision hangs on.</summary>
    public double Share(CompressionPlan plan, OnnxModel made, CancellationToken cancellation) =>
        Known(plan, "result", () => made, StageOptions.Comparison(options), cancellation);

    /// <summary>Whether a result is slower than the original: what seems so at a glance is looked at for longer.</summary>
    public bool IsSlower(ExecutedPlan made, CancellationToken cancellation)
    {
        const double Slower = 1.02;
        var glance = StageOptions.Comparison(options) with { MinimumRounds = 9, Time = TimeSpan.FromSeconds(0.15) };
        double Told(LatencyComparison seen) => seen.OriginalMs < LatencyCalibration.ShortRunMs ? 1 : seen.Ratio;
        return made.Plan.Sites.Count > 0 && Known(made.Plan, "glance", () => made.Model, glance, cancellation, Told) > Slower && Share(made.Plan, made.Model, cancellation) > Slower;
    }

    /// <summary>The time of one result of many that nothing hangs on.</summary>
    public LatencyComparison Glance(OnnxModel made, CancellationToken cancellation) =>
        Compare(made, StageOptions.Comparison(options) with { MinimumRounds = 11, Time = TimeSpan.FromSeconds(0.5) }, cancellation);

    /// <summary>Keeps what was measured for the next run, where there is a folder for it.</summary>
    public void Keep() => _cache.Keep();

    private double Known(
        CompressionPlan plan, string look, Func<OnnxModel> made, LatencyOptions timing, CancellationToken cancellation, Func<LatencyComparison, double>? told = null)
    {
        var key = KeyOf(plan, look);
        if (_cache.Find(key) is { } known)
        {
            return known;
        }

        var seen = Compare(made(), timing, cancellation);
        var share = told?.Invoke(seen) ?? seen.Ratio;
        _cache.Add(key, share, macs: 0);
        return share;
    }

    private string KeyOf(CompressionPlan plan, string look)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Timed(plan).ToText())));
        return string.Create(CultureInfo.InvariantCulture, $"share of plan {hash} of {original.SourceSha256}, batch {options.TimedBatch}, {look}");
    }

    /// <summary>
    /// What of a plan can change its time. Errors cannot: statistics that were added up in another order differ in their last digits,
    /// and would have the same model timed again. Nor can the rule that found it; its numbers are noted when the result stands.
    /// </summary>
    private CompressionPlan Timed(CompressionPlan plan) => plan with
    {
        Sites = [.. plan.Sites.Select(WithoutErrors)], Rule = "", Origin = null, Precision = StageOptions.Precision(options), Target = StageOptions.Target(options),
    };

    private static SitePlan WithoutErrors(SitePlan site) => site switch
    {
        ChannelPlan channels => new ChannelPlan(channels.Site, channels.Method, channels.Kept, channels.Of, PredictedError: 0, Ridge: 0),
        SplitPlan split => new SplitPlan(split.Site, split.Shape, split.LargestRank, PredictedError: 0),
        _ => site,
    };

    private LatencyComparison Compare(OnnxModel made, LatencyOptions timing, CancellationToken cancellation) =>
        new LatencyComparer(runtime).Compare(original, made, samples, timing, null, cancellation);
}
