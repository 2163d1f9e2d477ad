using System.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress.Timing;

/// <summary>
/// Times chains in the runtime. Each is a small model with one and with <see cref="Copies"/> copies; the difference of both,
/// taken in the same round, divided by the copies it adds is one measurement; the median over rounds counts, and the mean of
/// passes. Chains are measured in turns, forwards and backwards, so that what else the machine does hits all alike; and with
/// each turn a reference, whose time is the same in all of them, so that a turn while the machine was busy counts as any other.
/// </summary>
/// <param name="runtime">The runtime.</param>
/// <param name="options">Threads and how long.</param>
/// <param name="cache">Times that are known already; takes up what is measured.</param>
internal sealed class NodeTimer(IModelRuntime runtime, NodeTimingOptions options, NodeTimeCache cache) : INodeTimer
{
    private const int Copies = 4;

    /// <summary>Sessions that are open at a time: enough to compare in turns, few enough to stay in memory.</summary>
    private const int ChainsInTurns = 8;

    private readonly Stopwatch _spent = new();

    /// <summary>Chains that were measured.</summary>
    public int Measured { get; private set; }

    /// <summary>Chains whose time was estimated because the limit was reached.</summary>
    public int Estimated { get; private set; }

    /// <summary>Time spent on measuring.</summary>
    public TimeSpan Spent => _spent.Elapsed;

    /// <inheritdoc />
    public IReadOnlyList<double> Time(IReadOnlyList<TimedChain> chains, CancellationToken cancellation)
    {
        TimedChain[] unknown = [.. chains.Where(c => c.Nodes.Count > 0 && cache.Find(c.Key) is null).DistinctBy(c => c.Key, StringComparer.Ordinal)];
        // All are seen once before any is seen again, and so are those that are asked for later.
        for (var pass = 0; pass < options.Passes; pass++)
        {
            var limit = options.Limit / (pass + 1);
            foreach (var together in unknown.Chunk(ChainsInTurns).TakeWhile(_ => _spent.Elapsed < limit))
            {
                _spent.Start();
                try
                {
                    Measure(together, cancellation);
                }
                finally
                {
                    _spent.Stop();
                }
            }
        }

        return [.. chains.Select(c => c.Nodes.Count == 0 ? 0 : cache.Find(c.Key) ?? Estimate(c))];
    }

    /// <inheritdoc />
    public double TimeModel(OnnxModel model, IReadOnlyList<HostTensor> feeds, CancellationToken cancellation)
    {
        var key = $"model {model.SourceSha256} {string.Join(' ', feeds.Select(f => string.Join('x', f.Dims)))}";
        if (cache.Find(key) is { } known)
        {
            return known;
        }

        _spent.Start();
        try
        {
            string[] outputs = [.. model.Outputs.Select(o => o.Name)];
            using var probe = new Probe(runtime, model, feeds, outputs, options, cancellation);
            using var reference = new Reference(Open, cancellation);
            for (var round = 0; round < options.Passes * options.Rounds; round++)
            {
                reference.Measure(cancellation);
                probe.Measure(cancellation);
            }

            // A long run meets a quiet moment less often than the short ones of nodes, so that of all of them the quickest counts.
            var milliseconds = probe.Milliseconds.Min() * Quieter(reference);
            cache.Add(key, milliseconds, macs: 0);
            return milliseconds;
        }
        finally
        {
            _spent.Stop();
        }
    }

    /// <summary>What times of a turn are multiplied by: the time of the reference when it was first measured, over its time in this turn.</summary>
    private double Quieter(Reference reference)
    {
        const string Key = "reference";
        var now = reference.Milliseconds;
        if (cache.Find(Key) is not { } first)
        {
            cache.Add(Key, first = now, macs: 0);
        }

        return first / now;
    }

    private Probe Open(TimedChain chain, int copies, CancellationToken cancellation) =>
        new(runtime, NodeModel.Of(chain, copies), [NodeModel.InputOf(chain)], NodeModel.Outputs, options, cancellation);

    private void Measure(TimedChain[] chains, CancellationToken cancellation)
    {
        var probes = new List<Probe>();
        try
        {
            foreach (var chain in chains)
            {
                cancellation.ThrowIfCancellationRequested();
                probes.Add(Open(chain, 1, cancellation));
                probes.Add(Open(chain, Copies, cancellation));
            }

            using var reference = new Reference(Open, cancellation);
            for (var round = 0; round < options.Rounds; round++)
            {
                for (var i = 0; i < probes.Count; i++)
                {
                    if (i == probes.Count / 2)
                    {
                        reference.Measure(cancellation);
                    }

                    probes[round % 2 == 0 ? i : probes.Count - 1 - i].Measure(cancellation);
                }
            }

            var quieter = Quieter(reference);
            for (var i = 0; i < chains.Length; i++)
            {
                var added = quieter * Added(probes[2 * i].Milliseconds, probes[(2 * i) + 1].Milliseconds);
                var before = cache.Find(chains[i].Key);
                cache.Add(chains[i].Key, before is { } first ? (first + added) / 2 : added, chains[i].Macs);
                Measured += before is null ? 1 : 0;
            }
        }
        finally
        {
            probes.ForEach(p => p.Dispose());
        }
    }

    /// <summary>
    /// What one copy adds. Never more than one copy alone or the mean of several takes, which hold the costs of a run
    /// besides; and where noise is larger than what it adds, at least a small share of that.
    /// </summary>
    private static double Added(List<double> one, List<double> several)
    {
        const double SmallestShare = 0.05;
        var most = Math.Min(Median(one), Median(several) / Copies);
        return Math.Clamp(Median(one.Zip(several, (o, s) => (s - o) / (Copies - 1))), SmallestShare * most, most);
    }

    /// <summary>Kept like a time that was measured: another run with the same times decides the same.</summary>
    private double Estimate(TimedChain chain)
    {
        Estimated++;
        var estimate = chain.Macs * cache.MillisecondsPerMac;
        cache.Add(chain.Key, estimate, macs: 0);
        return estimate;
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>What is measured in every turn: a convolution of usual size.</summary>
    private sealed class Reference(Func<TimedChain, int, CancellationToken, Probe> open, CancellationToken cancellation) : IDisposable
    {
        private static readonly TimedChain Chain = new(new TimedNode("Conv", 32, 32)
        {
            Space = [16, 16], Kernel = [3, 3], Strides = [1, 1], Dilations = [1, 1], Pads = [1, 1, 1, 1],
        });

        private readonly Probe _probe = open(Chain, Copies, cancellation);

        public double Milliseconds => Median(_probe.Milliseconds);

        public void Measure(CancellationToken cancellation) => _probe.Measure(cancellation);

        public void Dispose() => _probe.Dispose();
    }

    /// <summary>One model, open, with its measurements.</summary>
    private sealed class Probe : IDisposable
    {
        private const int WarmUps = 3, FewestRuns = 2, MostRuns = 500;

        private readonly IModelSession _session;
        private readonly IReadOnlyList<HostTensor> _feeds;
        private readonly IReadOnlyList<string> _outputs;
        private readonly int _runs;

        public Probe(
            IModelRuntime runtime, OnnxModel model, IReadOnlyList<HostTensor> feeds, IReadOnlyList<string> outputs, NodeTimingOptions options, CancellationToken cancellation)
        {
            (_feeds, _outputs) = (feeds, outputs);
            _session = runtime.Open(model, new SessionSettings(options.Threads));
            try
            {
                // The runtime plans its memory in the first runs; the quickest says how many make up a measurement.
                var quickest = double.PositiveInfinity;
                for (var i = 0; i < WarmUps; i++)
                {
                    quickest = Math.Min(quickest, Run(cancellation));
                }

                _runs = (int)Math.Clamp(Math.Ceiling(options.SmallestMeasuredMs / Math.Max(1e-4, quickest)), FewestRuns, MostRuns);
            }
            catch
            {
                _session.Dispose();
                throw;
            }
        }

        public List<double> Milliseconds { get; } = [];

        public void Measure(CancellationToken cancellation)
        {
            // Threads of other sessions wait actively for a while after their run; one run that does not count lets them rest.
            Run(cancellation);
            // Each run on its own: what other processes do only adds time, so the quickest says what the runtime needs, as where whole models are compared.
            Milliseconds.Add(Enumerable.Range(0, _runs).Min(_ => Run(cancellation)));
        }

        public void Dispose() => _session.Dispose();

        private double Run(CancellationToken cancellation)
        {
            var clock = RunClock.Start(_session);
            _session.Run(_feeds, _outputs, cancellation).Dispose();
            return clock.Milliseconds;
        }
    }
}
