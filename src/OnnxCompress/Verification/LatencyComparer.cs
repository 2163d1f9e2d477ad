using System.Diagnostics;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Verification;

/// <summary>
/// Times two models in turn on one batch, so that what else the machine does hits both alike; the order of each pair alternates.
/// Of one thread processor time counts, see <see cref="RunClock"/>. Of the few runs of a turn the quickest counts, which another
/// process did not interrupt, and of all turns the lower quartile: what other programs do only ever adds time.
/// </summary>
/// <param name="runtime">The inference engine.</param>
public sealed class LatencyComparer(IModelRuntime runtime)
{
    // A turn has as many runs as this takes.
    private const double TurnMs = 4;

    // Longer runs are interrupted so often that one of a few must be compared.
    private const int FewestRuns = 3;

    private const int WarmUps = 3;

    /// <summary>Times both models.</summary>
    /// <param name="original">The reference.</param>
    /// <param name="compressed">The model under test, with the same inputs and outputs.</param>
    /// <param name="samples">At least one; the first are run.</param>
    /// <param name="options">Threads and how long.</param>
    /// <param name="progress">Told after each pair; may be null.</param>
    /// <param name="cancellation">Stops between operators.</param>
    public LatencyComparison Compare(
        OnnxModel original,
        OnnxModel compressed,
        ISampleSource samples,
        LatencyOptions options,
        IProgress<ProgressUpdate>? progress,
        CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples.Count, 1);
        var settings = new SessionSettings(options.Threads);
        using var first = runtime.Open(original, settings);
        using var second = runtime.Open(compressed, settings);
        var batch = SampleBatches.Timed(samples, [.. original.Inputs, .. compressed.Inputs], options.Batch);
        var feeds = samples.Read(batch);
        string[] outputs = [.. original.Outputs.Select(output => output.Name)];
        // The first run lets the runtime plan its memory; those behind it say how many make up one measurement.
        var (shorter, rests) = (0.0, false);
        for (var run = 0; run < WarmUps && (run < 2 || shorter < options.LongRun.TotalMilliseconds); run++)
        {
            rests = run > 0 && shorter < options.LongRun.TotalMilliseconds;
            shorter = Math.Min(Time(first, 1), Time(second, 1));
        }

        rests = shorter < options.LongRun.TotalMilliseconds;
        var runs = rests ? (int)Math.Clamp(Math.Ceiling(TurnMs / Math.Max(1e-3, shorter)), FewestRuns, 1000) : 1;
        var (befores, afters) = (new List<double>(), new List<double>());
        var watch = Stopwatch.StartNew();
        while (befores.Count < options.Rounds && (befores.Count < options.MinimumRounds || watch.Elapsed < options.Time))
        {
            var swapped = befores.Count % 2 == 1;
            var one = Time(swapped ? second : first, runs);
            var other = Time(swapped ? first : second, runs);
            befores.Add(swapped ? other : one);
            afters.Add(swapped ? one : other);
            progress?.Report(new("time", befores.Count, Expected(befores.Count, watch.Elapsed, options)));
        }

        return new(LowerQuartile(befores), LowerQuartile(afters), options.Threads, batch.Length, befores.Count);

        double Time(IModelSession session, int runs) => Measure(session, feeds, outputs, rests, runs, cancellation);
    }

    /// <summary>Rounds there will be at the pace so far: a model that runs long is timed a few times only.</summary>
    private static int Expected(int done, TimeSpan elapsed, LatencyOptions options)
    {
        var within = done * (options.Time / elapsed);
        return Math.Max(done, (int)Math.Min(options.Rounds, Math.Max(options.MinimumRounds, Math.Ceiling(within))));
    }

    private static double Measure(
        IModelSession session, IReadOnlyList<HostTensor> feeds, string[] outputs, bool rests, int runs, CancellationToken cancellation)
    {
        // The other model's threads wait actively for a while after their run; one run that does not count lets them rest.
        if (rests)
        {
            session.Run(feeds, outputs, cancellation).Dispose();
        }

        var quickest = double.PositiveInfinity;
        for (var run = 0; run < runs; run++)
        {
            var clock = RunClock.Start(session);
            session.Run(feeds, outputs, cancellation).Dispose();
            quickest = Math.Min(quickest, clock.Milliseconds);
        }

        return quickest;
    }

    private static double LowerQuartile(List<double> values)
    {
        values.Sort();
        return values[(values.Count - 1) / 4];
    }
}
