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
/// all threads together, stands beside the wall's, for other programs change it little; with <c>--processor</c> stages, too, are multiples
/// of it, for a machine that is not idle.
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
    /// <param name="args">Names of models; <c>--samples N</c>, <c>--threads N</c>, <c>--repeats N</c>, <c>--keep SHARE</c>, <c>--only SEARCH</c>: part of its name, <c>--cache FOLDER</c>, <c>--processor</c>.</param>
    /// <returns>0.</returns>
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        string Option(string name, string otherwise) => Array.IndexOf(args, name) is >= 0 and var at ? args[at + 1] : otherwise;
        int Number(string name, int otherwise) => int.Parse(Option(name, otherwise.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);
        var byProcessor = args.Contains("--processor");
        args = [.. args.Where(a => a != "--processor")];
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
                Console.WriteLine($"| {shared!.Name} | {Row(shared, (name, asked), samples, repeats, byProcessor)} |");
            }
        }

        return 0;
    }

    private static string Row(SharedCase shared, (string Name, CompressionOptions Options) search, int samples, int repeats, bool byProcessor)
    {
        var ((name, options), runtime) = (search, new OrtRuntime());
        var data = shared.Split(options.Seed, samples);
        var costs = new List<(double Plain, double PlainProcessor, double Seconds, double Processor, StageTimes Times)>();
        CompressionResult? last = null;
        var watched = new WatchedStages();
        for (var repeat = 0; repeat < repeats; repeat++)
        {
            watched = new WatchedStages();
            var (plain, plainProcessor) = Timed(() => Infer(runtime, shared.Model, data.Statistics, options.Threads));
            try
            {
                var (seconds, processor) = Timed(() => last = new Compressor(new CpuBackend(options.Threads), runtime).Compress(shared.Model, data, options, watched, CancellationToken.None));
                costs.Add((plain, plainProcessor, seconds, processor, byProcessor ? watched.Processor() : last!.Times));
            }
            catch (OnnxCompressException nothing) when (nothing.Diagnostic.Code is DiagnosticCodes.GoalNotReached or DiagnosticCodes.BudgetOutOfReach)
            {
                return $"{data.Statistics.Count} | | {name} | {nothing.Diagnostic.Code} | | | | | | | | | | |";
            }
        }

        double Of(Func<(double Plain, double PlainProcessor, double Seconds, double Processor, StageTimes Times), double> what) => Median(costs.Select(what));
        string Stage(Func<StageTimes, double> seconds) => Of(c => seconds(c.Times) / (byProcessor ? c.PlainProcessor : c.Plain)).ToString("F2", CultureInfo.InvariantCulture);
        var peak = last!.Times.PeakBytes.Values.DefaultIfEmpty().Max();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{data.Statistics.Count} | {Of(c => byProcessor ? c.PlainProcessor : c.Plain):F2} s | {name} | {watched.Plans} | {Stage(t => t.AnalyzeSeconds)} | {Stage(t => t.CalibrateSeconds)} | {Stage(t => t.SelectSeconds)} | {Stage(t => t.AllocateSeconds)} | {Stage(t => t.ReconstructSeconds)} | {Stage(t => t.CompareSeconds)} | **{Of(c => c.Seconds / c.Plain):F1}** | {Of(c => c.Processor / c.PlainProcessor):F1} | {Of(c => c.Seconds):F1} | {peak / 1e6:F0} MB | {shared.Score(last.Model).Agreement:F4}");
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

    /// <summary>Counts the walks through compressed networks, and the processor time between the beginnings of stages.</summary>
    private sealed class WatchedStages : IProgress<ProgressUpdate>
    {
        private readonly Dictionary<string, double> _seconds = new(StringComparer.Ordinal);
        private string _stage = "";
        private TimeSpan _since = Now();

        public int Plans { get; private set; }

        public void Report(ProgressUpdate value)
        {
            if (value is { Stage: "reconstruct", Done: 1 } || value.Note?.StartsWith("reconstruct 1 of", StringComparison.Ordinal) == true)
            {
                Plans++;
            }

            // A stage says its name alone when it begins, in a search as the note of its round.
            if ((value.Note ?? (value.Total == 0 ? value.Stage : null)) is { } begun && !begun.Contains(' ', StringComparison.Ordinal))
            {
                Begin(begun);
            }
        }

        public StageTimes Processor()
        {
            Begin("");
            double Of(string stage) => _seconds.GetValueOrDefault(stage);
            return new(Of("analyze"), Of("calibrate"), Of("select"), Of("allocate"), Of("reconstruct"), Of("compare"));
        }

        private static TimeSpan Now()
        {
            using var process = Process.GetCurrentProcess();
            return process.TotalProcessorTime;
        }

        private void Begin(string stage)
        {
            var now = Now();
            _seconds[_stage] = _seconds.GetValueOrDefault(_stage) + (now - _since).TotalSeconds;
            (_stage, _since) = (stage, now);
        }
    }
}
