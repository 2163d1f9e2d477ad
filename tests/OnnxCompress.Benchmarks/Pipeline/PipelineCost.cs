using System.Diagnostics;
using System.Globalization;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Search;

namespace OnnxCompress.Benchmarks.Pipeline;

/// <summary>
/// What a compression of each shared model costs: the time of every stage, and all of them together, as multiples of one plain
/// inference pass over the same calibration samples with the same threads and batch. Medians of the repeats; the processor's time,
/// all threads together, stands beside the wall's, for other programs change it little.
/// </summary>
public static class PipelineCost
{
    private const int BatchSize = 16;

    private static readonly (string Name, CompressionOptions Options)[] Searches =
    [
        ("one plan", new() { Budget = new(KeepMacs: 0.7), Precision = NumberForm.Float, Trials = 1 }),
        ("all plans", new() { Budget = new(KeepMacs: 0.7), Precision = NumberForm.Float }),
        ("goal", new() { Goal = new CompressionGoal(0.99, null) { Objective = CompressionObjective.Macs }, Precision = NumberForm.Float }),
    ];

    /// <summary>Runs the benchmark.</summary>
    /// <param name="args">Names of models; <c>--samples N</c>, <c>--threads N</c>, <c>--repeats N</c>, <c>--keep SHARE</c>, <c>--only SEARCH</c>: part of its name, <c>--cache FOLDER</c>.</param>
    /// <returns>0.</returns>
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        string Option(string name, string otherwise) => Array.IndexOf(args, name) is >= 0 and var at ? args[at + 1] : otherwise;
        int Number(string name, int otherwise) => int.Parse(Option(name, otherwise.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);
        string[] names = [.. args.Where((a, i) => !a.StartsWith("--", StringComparison.Ordinal) && (i == 0 || !args[i - 1].StartsWith("--", StringComparison.Ordinal)))];
        var (samples, threads, repeats) = (Number("--samples", 1000), Number("--threads", Environment.ProcessorCount), Number("--repeats", 3));
        var (only, cache) = (Option("--only", ""), Option("--cache", "") is { Length: > 0 } folder ? folder : null);
        var keep = double.Parse(Option("--keep", "0.7"), CultureInfo.InvariantCulture);
        Console.WriteLine("| model | samples | plain pass | search | plans | analyze | calibrate | select | allocate | reconstruct | compare | all | processor | seconds | peak | agreement on test data |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var (_, open) in SharedCase.All.Where(c => names.Length == 0 || names.Contains(c.Name)))
        {
            using var shared = open();
            foreach (var (name, options) in Searches.Where(s => shared is not null && s.Name.Contains(only, StringComparison.Ordinal)))
            {
                var asked = options with { Threads = threads, CacheFolder = cache, Budget = options.Budget.IsLimited ? new(KeepMacs: keep) : options.Budget };
                Console.WriteLine($"| {shared!.Name} | {Row(shared, name, asked, samples, repeats)} |");
            }
        }

        return 0;
    }

    private static string Row(SharedCase shared, string name, CompressionOptions options, int samples, int repeats)
    {
        var (runtime, data) = (new OrtRuntime(), shared.Split(options.Seed, samples));
        var costs = new List<(double Plain, double PlainProcessor, double Seconds, double Processor, StageTimes Times)>();
        CompressionResult? last = null;
        var plans = new CountedPlans();
        for (var repeat = 0; repeat < repeats; repeat++)
        {
            plans = new CountedPlans();
            var (plain, plainProcessor) = Timed(() => Infer(runtime, shared.Model, data.Statistics, options.Threads));
            try
            {
                var (seconds, processor) = Timed(() => last = new Compressor(new CpuBackend(options.Threads), runtime).Compress(shared.Model, data, options, plans, CancellationToken.None));
                costs.Add((plain, plainProcessor, seconds, processor, last!.Times));
            }
            catch (OnnxCompressException nothing) when (nothing.Diagnostic.Code is DiagnosticCodes.GoalNotReached or DiagnosticCodes.BudgetOutOfReach)
            {
                return $"{data.Statistics.Count} | | {name} | {nothing.Diagnostic.Code} | | | | | | | | | | |";
            }
        }

        double Of(Func<(double Plain, double PlainProcessor, double Seconds, double Processor, StageTimes Times), double> what) => Median(costs.Select(what));
        var peak = last!.Times.PeakBytes.Values.DefaultIfEmpty().Max();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{data.Statistics.Count} | {Of(c => c.Plain):F2} s | {name} | {plans.Plans} | {Of(c => c.Times.AnalyzeSeconds / c.Plain):F2} | {Of(c => c.Times.CalibrateSeconds / c.Plain):F2} | {Of(c => c.Times.SelectSeconds / c.Plain):F2} | {Of(c => c.Times.AllocateSeconds / c.Plain):F2} | {Of(c => c.Times.ReconstructSeconds / c.Plain):F2} | {Of(c => c.Times.CompareSeconds / c.Plain):F2} | **{Of(c => c.Seconds / c.Plain):F1}** | {Of(c => c.Processor / c.PlainProcessor):F1} | {Of(c => c.Seconds):F1} | {peak / 1e6:F0} MB | {shared.Score(last.Model).Agreement:F4}");
    }

    private static void Infer(OrtRuntime runtime, OnnxModel model, ISampleSource samples, int threads)
    {
        using var session = runtime.Open(model, new SessionSettings(threads));
        string[] outputs = [.. model.Outputs.Select(o => o.Name)];
        foreach (var (indices, _) in SampleBatches.Of(samples, model.Inputs, BatchSize))
        {
            using var result = session.Run(samples.Read(indices), outputs, CancellationToken.None);
        }
    }

    private static (double Seconds, double Processor) Timed(Action work)
    {
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        var (start, processor) = (Stopwatch.GetTimestamp(), process.TotalProcessorTime);
        work();
        process.Refresh();
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, (process.TotalProcessorTime - processor).TotalSeconds);
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    /// <summary>Counts the walks through compressed networks.</summary>
    private sealed class CountedPlans : IProgress<ProgressUpdate>
    {
        public int Plans { get; private set; }

        public void Report(ProgressUpdate value)
        {
            if (value is { Stage: "reconstruct", Done: 1 } || value.Note?.StartsWith("reconstruct 1 of", StringComparison.Ordinal) == true)
            {
                Plans++;
            }
        }
    }
}
