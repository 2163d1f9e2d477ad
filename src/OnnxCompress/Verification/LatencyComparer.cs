using System.Diagnostics;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Verification;

/// <summary>
/// Times two models in turn on one batch, so that what else the machine does hits both alike; the order of each pair alternates.
/// Of one thread processor time counts, see <see cref="RunClock"/>. Of the few runs of a turn the quickest counts, which another
/// process did not interrupt, and of all turns the lower quartile: what other programs do only ever adds time. Both are opened a few
/// times, which moves their weights and buffers in memory.
/// </summary>
/// <param name="runtime">The inference engine.</param>
public sealed class LatencyComparer(IModelRuntime runtime)
{
    // A turn has as many runs as this takes.
    private const double TurnMs = 4;

    // Longer runs are interrupted so often that one of a few must be compared.
    private const int FewestRuns = 3;

    private const int WarmUps = 3;

    // Of the time there is, opening both once more must leave nearly all for runs.
    private const double LongOpening = 0.1;

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
        var batch = SampleBatches.Timed(samples, [.. original.Inputs, .. compressed.Inputs], options.Batch);
        var feeds = samples.Read(batch);
        var (befores, afters) = (new List<double>(), new List<double>());
        var watch = Stopwatch.StartNew();
        var (rounds, openings) = (0, Math.Clamp(options.Openings, 1, options.Rounds));
        for (var opening = 1; opening <= openings; opening++)
        {
            var before = watch.Elapsed;
            using var pair = new OpenPair(runtime, original, compressed, feeds, options, cancellation);
            openings = opening == 1 && watch.Elapsed - before > options.Time * LongOpening ? 1 : openings;
            var share = opening / (double)openings;
            do
            {
                pair.TakeTurns(swapped: rounds++ % 2 == 1);
                progress?.Report(new("time", rounds, Expected(rounds, watch.Elapsed, options)));
            }
            while (rounds < options.Rounds * share && (rounds < options.MinimumRounds * share || watch.Elapsed < options.Time * share));

            befores.Add(LowerQuartile(pair.Befores));
            afters.Add(LowerQuartile(pair.Afters));
        }

        return new(befores.Average(), afters.Average(), options.Threads, batch.Length, rounds);
    }

    /// <summary>Rounds there will be at the pace so far: a model that runs long is timed a few times only.</summary>
    private static int Expected(int done, TimeSpan elapsed, LatencyOptions options)
    {
        var within = done * (options.Time / elapsed);
        return Math.Max(done, (int)Math.Min(options.Rounds, Math.Max(options.MinimumRounds, Math.Ceiling(within))));
    }

    private static double LowerQuartile(List<double> values)
    {
        values.Sort();
        return values[(values.Count - 1) / 4];
    }

    /// <summary>Both models, open and warm.</summary>
    private sealed class OpenPair : IDisposable
    {
        private readonly IModelSession _original;
        private readonly IModelSession? _compressed;
        private readonly IReadOnlyList<HostTensor> _feeds;
        private readonly string[] _outputs;
        private readonly CancellationToken _cancellation;
        private readonly bool _rests;
        private readonly int _runs;

        public OpenPair(IModelRuntime runtime, OnnxModel original, OnnxModel compressed, IReadOnlyList<HostTensor> feeds, LatencyOptions options, CancellationToken cancellation)
        {
            (_feeds, _outputs, _cancellation) = (feeds, [.. original.Outputs.Select(output => output.Name)], cancellation);
            var settings = new SessionSettings(options.Threads);
            _original = runtime.Open(original, settings);
            try
            {
                _compressed = runtime.Open(compressed, settings);
                // The first run lets the runtime plan its memory; those behind it say how many make up one measurement.
                var shorter = 0.0;
                for (var run = 0; run < WarmUps && (run < 2 || shorter < options.LongRun.TotalMilliseconds); run++)
                {
                    _rests = run > 0 && shorter < options.LongRun.TotalMilliseconds;
                    shorter = Math.Min(Time(_original, 1), Time(_compressed, 1));
                }

                _rests = shorter < options.LongRun.TotalMilliseconds;
                _runs = _rests ? (int)Math.Clamp(Math.Ceiling(TurnMs / Math.Max(1e-3, shorter)), FewestRuns, 1000) : 1;
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        /// <summary>Milliseconds of the original, turn by turn.</summary>
        public List<double> Befores { get; } = [];

        /// <summary>Milliseconds of the compressed model.</summary>
        public List<double> Afters { get; } = [];

        /// <summary>One turn of each.</summary>
        public void TakeTurns(bool swapped)
        {
            var one = Time(swapped ? _compressed! : _original, _runs);
            var other = Time(swapped ? _original : _compressed!, _runs);
            Befores.Add(swapped ? other : one);
            Afters.Add(swapped ? one : other);
        }

        public void Dispose()
        {
            _original.Dispose();
            _compressed?.Dispose();
        }

        private double Time(IModelSession session, int runs)
        {
            // The other model's threads wait actively for a while after their run; one run that does not count lets them rest.
            if (_rests)
            {
                session.Run(_feeds, _outputs, _cancellation).Dispose();
            }

            var quickest = double.PositiveInfinity;
            for (var run = 0; run < runs; run++)
            {
                var clock = RunClock.Start(session);
                session.Run(_feeds, _outputs, _cancellation).Dispose();
                quickest = Math.Min(quickest, clock.Milliseconds);
            }

            return quickest;
        }
    }
}
