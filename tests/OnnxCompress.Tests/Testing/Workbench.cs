using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Rewriting;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Selection;
using OnnxCompress.Selection.Scores;
using OnnxCompress.Selection.Interpolative;

namespace OnnxCompress.Tests.Testing;

/// <summary>A model, as it stands and not simplified, with what the stages make of it.</summary>
internal sealed class Workbench
{
    private CalibrationStatistics? _statistics;

    public Workbench(OnnxModel model, ISampleSource? samples = null)
    {
        (Model, Samples) = (model, samples ?? ModelRunner.Samples(model, count: 64));
        Analysis = DependencyAnalyzer.Analyze(model, ShapeObserver.Observe(ModelRunner.Runtime, model, Samples.Read(SampleBatches.Of(1, model.Inputs, 1).First().Indices), Token));
    }

    public static CpuBackend Backend { get; } = new(1);

    public OnnxModel Model { get; }

    public ISampleSource Samples { get; }

    public ModelAnalysis Analysis { get; }

    public CalibrationStatistics Statistics => _statistics ??= Calibrate(Samples);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ChannelGroup Group(string name) => Assert.Single(Analysis.Groups, g => g.Name == name);

    public CalibrationStatistics Calibrate(ISampleSource samples, int batchSize = 16, int threads = 1) =>
        new Calibrator(ModelRunner.Runtime, threads, batchSize).Run(
            Model, Analysis.Relations.Shapes, Analysis.Groups.SelectMany(g => g.ConsumerLayers).SelectMany(ChannelTap.AllOf).Concat(ScoreMoments.Taps(Analysis)), samples, null, null, Token);

    public ConsumerMoments[] Moments(ChannelGroup group, bool centre) =>
        [.. group.ConsumerLayers.Select(c => new ConsumerMoments(c, Model.Graph, Statistics, Backend, centre))];

    public ChannelCurve Curve(ChannelGroup group, ChannelSelection selection) =>
        GreedySelection.Run(group, Moments(group, selection == ChannelSelection.Target), selection, Backend, Token);

    /// <summary>Keeps the given channels and lets the consumers take up the others.</summary>
    public OnnxModel Rewrite(ChannelSelection selection, params (string Site, int[] Kept)[] sites) =>
        Rewrite(Statistics, selection, Plan(sites));

    /// <summary>Rewrites by a plan as it stands.</summary>
    public OnnxModel Rewrite(CompressionPlan plan) => Rewrite(Statistics, ChannelSelection.Target, plan);

    /// <summary>Keeps the given channels and changes no weight that stays: with uncorrelated channels the mixing is the identity.</summary>
    public OnnxModel Slice(params (string Site, int[] Kept)[] sites) => Rewrite(Uncorrelated(), ChannelSelection.PivotedQr, Plan(sites));

    /// <summary>The original with zeros for the weights that read the channels that are not kept.</summary>
    public OnnxModel Silence(params (string Site, int[] Kept)[] sites)
    {
        var silenced = Model.Clone();
        foreach (var (site, kept) in sites)
        {
            foreach (var consumer in Group(site).ConsumerLayers)
            {
                int[] removed = [.. Enumerable.Range(0, consumer.Channels.Length).Where(i => !kept.Contains(consumer.Channels[i]))];
                var weights = ConsumerWeights.Read(consumer, silenced.Graph);
                weights.Write(new Matrix<float>(weights.ToMatrix().Rows, removed.Length), removed);
            }
        }

        return silenced;
    }

    private CompressionPlan Plan((string Site, int[] Kept)[] sites) => new(
        Model.SourceSha256, [.. sites.Select(s => new ChannelPlan(s.Site, CompressionMethod.Interpolative, s.Kept, Group(s.Site).Channels, 0, ChannelMixing.SmallestRidge))]);

    private OnnxModel Rewrite(CalibrationStatistics statistics, ChannelSelection selection, CompressionPlan plan) =>
        new ChannelRewriter(Analysis, statistics, Backend, selection).Rewrite(Model, PlacedPlan.Of(plan, Model, Analysis), Token, out _);

    private CalibrationStatistics Uncorrelated()
    {
        var statistics = new CalibrationStatistics(Model.SourceSha256) { Samples = 1 };
        foreach (var tap in Analysis.Groups.SelectMany(g => g.ConsumerLayers).SelectMany(ChannelTap.AllOf).DistinctBy(t => t.Key, StringComparer.Ordinal))
        {
            var identity = new float[tap.Channels * tap.Channels];
            for (var i = 0; i < tap.Channels; i++)
            {
                identity[i * (tap.Channels + 1)] = 1;
            }

            statistics.Open(tap.Key, tap.Channels).Fit.Add(identity, new float[tap.Channels], 1);
        }

        return statistics;
    }
}
