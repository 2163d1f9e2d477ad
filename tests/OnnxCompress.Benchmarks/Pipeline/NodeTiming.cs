using System.Globalization;
using OnnxCompress.Allocation;
using OnnxCompress.Samples;
using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Reconstruction;
using OnnxCompress.Selection;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Testing;
using OnnxCompress.Timing;
using OnnxCompress.Verification;

namespace OnnxCompress.Benchmarks.Pipeline;

/// <summary>
/// Whether times of single nodes tell the time of a network: the share that tables predict for compressed models beside the
/// share that paired runs of the whole models measure. Weights are of no interest here, so no data are read.
/// </summary>
public static class NodeTiming
{
    private const double Near = 0.05;

    private static readonly string[] Files =
        ["resnet20_cifar10.onnx", "squeezenet1.1_imagenet.onnx", "mobilenet_v2_imagenet.onnx", "fm_lenet.onnx", "sst2_encoder.onnx"];

    /// <summary>Runs the benchmark.</summary>
    /// <param name="args">Threads (default 1), then a folder that keeps the times.</param>
    /// <returns>0.</returns>
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        var threads = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1;
        Console.WriteLine("| model | compressed by | original ms | its layers ms | predicted share | measured share | splits slower than their layer | nodes timed | estimated | time spent |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
        var misses = new List<double>();
        var cache = NodeTimeCache.Open(args.ElementAtOrDefault(1), new OrtRuntime().Version, threads);
        foreach (var file in Files)
        {
            var path = Path.GetFullPath(Path.Combine(RepositoryFiles.Root, "..", "shared", "models", file));
            if (!File.Exists(path))
            {
                Console.WriteLine($"skipped: ../shared/models/{file} is absent.");
                continue;
            }

            Compare(file, OnnxModel.Load(path), threads, cache, misses);
            cache.Save();
        }

        if (misses.Count > 0)
        {
            misses.Sort();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{misses.Count} plans: {(double)misses.Count(m => m <= Near) / misses.Count:P0} within {Near} of what was measured; the miss of nine in ten is at most {misses[(misses.Count * 9 / 10) - 1]:F3}, the largest {misses[^1]:F3}."));
        }

        return 0;
    }

    private static void Compare(string file, OnnxModel model, int threads, NodeTimeCache cache, List<double> misses)
    {
        var compressor = new Compressor(new CpuBackend(), new OrtRuntime());
        var samples = new RandomSampleSource(model.Inputs, 64, 1, new Dictionary<string, IReadOnlyList<long>>(StringComparer.Ordinal));
        var timer = new NodeTimer(new OrtRuntime(), new NodeTimingOptions { Threads = threads }, cache);
        var whole = timer.TimeModel(model, samples.Read(SampleBatches.Of(1, model.Inputs, preferred: 1).First().Indices), CancellationToken.None);
        foreach (var (method, form, share) in Cases())
        {
            var options = new CompressionOptions
            {
                Budget = new Budget(KeepMacs: share), Methods = [method], Split = form, Reconstruction = ReconstructionMode.None, Threads = threads,
            };
            var result = compressor.Compress(model, samples, options, null, CancellationToken.None);
            var measured = new LatencyComparer(new OrtRuntime()).Compare(model, result.Model, samples, new LatencyOptions { Threads = threads }, null, CancellationToken.None);
            var analysis = compressor.Analyze(model, samples, options, CancellationToken.None);
            var cost = new LatencyCost(analysis, timer, whole, options.Alignment, CancellationToken.None);
            var (remaining, layers) = (When(result.Plan, analysis), SplitSites.ByName(analysis));
            var predicted = cost.Milliseconds(remaining, result.Plan.Splits.Select(s => (layers[s.Site].Node, s.Shape))) / cost.WholeMilliseconds;
            misses.Add(Math.Abs(predicted - measured.Ratio));
            var slower = result.Plan.Splits.Count(s => !cost.IsFaster(layers[s.Site].Node, s.Shape, remaining));
            var alone = new LatencyCost(analysis, timer, null, options.Alignment, CancellationToken.None).WholeMilliseconds;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {file} | {form?.ToString() ?? "channels"} at {share:F1} MACs | {whole:F2} | {alone:F2} | {predicted:F2} | {measured.Ratio:F2} | {slower} of {result.Plan.Splits.Count()} | {timer.Measured} | {timer.Estimated} | {timer.Spent.TotalSeconds:F1} s |"));
        }
    }

    private static IEnumerable<(CompressionMethod Method, SplitForm? Form, double Share)> Cases() =>
        from share in new[] { 0.85, 0.65, 0.45 }
        from means in new (CompressionMethod Method, SplitForm? Form)[] { (CompressionMethod.Interpolative, null), (CompressionMethod.LowRank, SplitForm.Plain), (CompressionMethod.LowRank, SplitForm.Spatial) }
        select (means.Method, means.Form, share);

    private static Remaining When(CompressionPlan plan, ModelAnalysis analysis)
    {
        var removed = plan.Channels.SelectMany(s => analysis.Groups.First(g => g.Name == s.Site).Atoms.Where((_, i) => !s.Kept.Contains(i))).ToHashSet();
        return analysis.Cost.When(root => !removed.Contains(root));
    }
}
