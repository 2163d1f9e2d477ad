using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Verification;

/// <summary>Runs an original and a compressed model on the same samples and says how far they agree.</summary>
/// <param name="runtime">The inference engine, in the form it ships in: graph optimisations are on.</param>
public sealed class ModelVerifier(IModelRuntime runtime)
{
    /// <summary>Batches that run at once at most: of outputs as large as pictures not many have room.</summary>
    private const int MostAtOnce = 4;

    /// <summary>What the original is known to make of samples, and what is learnt of it; null: nothing is kept.</summary>
    internal ReferenceOutputs? Known { get; init; }

    /// <summary>Compares two models.</summary>
    /// <param name="original">The reference.</param>
    /// <param name="compressed">The model under test.</param>
    /// <param name="samples">At least one; memory does not grow with them.</param>
    /// <param name="options">What a decision is, labels, threads, batch size.</param>
    /// <param name="progress">Told after each batch; may be null.</param>
    /// <param name="cancellation">Stops between operators.</param>
    /// <exception cref="OnnxCompressException">OCX7002: NaN or infinity; OCX7003: the models' inputs or outputs differ; OCX7005: the labels do
    /// not fit; OCX1007, OCX3003: the runtime failed.</exception>
    public VerificationResult Verify(
        OnnxModel original,
        OnnxModel compressed,
        ISampleSource samples,
        VerificationOptions options,
        IProgress<ProgressUpdate>? progress,
        CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples.Count, 1);
        ModelContract.Check(original, compressed);
        CheckLabels(samples, options);
        return MadeUpFailure.Explain(samples, () => Compare(original, compressed, samples, options, progress, cancellation));
    }

    /// <summary>Compares an original with models that each answer a part of the samples, as if one had answered all.</summary>
    /// <param name="original">The reference.</param>
    /// <param name="parts">Models with the indices of their samples; each is asked for when it is its turn, and not held.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="options">What a decision is, threads, batch size.</param>
    /// <param name="cancellation">Stops between operators.</param>
    /// <exception cref="OnnxCompressException">As <see cref="Verify"/>.</exception>
    internal VerificationResult VerifyParts(
        OnnxModel original, IEnumerable<(OnnxModel Compressed, IReadOnlyList<int> Samples)> parts, ISampleSource samples, VerificationOptions options, CancellationToken cancellation)
    {
        var (comparison, done, folds) = (new RunComparison(original, options), 0, 0);
        var settings = new SessionSettings(options.Threads, Spin: false);
        foreach (var (compressed, chosen) in parts)
        {
            ModelContract.Check(original, compressed);
            using var reference = runtime.Open(original, settings);
            using var candidate = runtime.Open(compressed, settings);
            foreach (var (indices, count) in SampleBatches.Of(samples, [.. original.Inputs, .. compressed.Inputs], options.BatchSize, chosen))
            {
                var feeds = samples.Read(indices);
                using var expected = reference.Run(feeds, comparison.Outputs, cancellation);
                using var actual = candidate.Run(feeds, comparison.Outputs, cancellation);
                comparison.Add(feeds, expected, actual, indices, count);
                done += count;
            }

            comparison.EndPart();
            folds++;
        }

        return comparison.Result(done) with { Folds = folds };
    }

    private VerificationResult Compare(
        OnnxModel original, OnnxModel compressed, ISampleSource samples, VerificationOptions options, IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        // Steps of a sequence run in their order.
        var side = IsSequence(samples) || (options.Beside is not null && IsSequence(options.Beside))
            ? SideBySide.Of(options.Threads, 1, 1)
            : SideBySide.Of(options.Threads, (samples.Count + options.BatchSize - 1) / options.BatchSize, MostAtOnce);
        // Both models' sessions take turns: threads of the one that spin would be in the way of the other.
        using var candidate = runtime.Open(compressed, side.Settings);
        using var reference = new LateSession(() => runtime.Open(original, side.Settings));
        var comparison = new RunComparison(original, options);
        var all = samples.Count + (options.Beside?.Count ?? 0);
        Feed(comparison, samples, 0);
        if (options.Beside is not { Count: > 0 } beside)
        {
            return comparison.Result(samples.Count);
        }

        // Labels are those of the samples.
        var more = new RunComparison(original, options with { Labels = null });
        Feed(more, beside, samples.Count);
        return comparison.Result(samples.Count, more);

        void Feed(RunComparison to, ISampleSource those, int before)
        {
            // Each model feeds its own state on: so drift adds up as it will in use.
            var own = those is FileSampleSource { Recurrence: { } recurrence } ? new OwnStates(recurrence, original) : null;
            var done = 0;
            foreach (var batches in (own is not null ? OwnStates.Steps(those) : SampleBatches.Of(those, [.. original.Inputs, .. compressed.Inputs], options.BatchSize)).Chunk(side.RunsOf(candidate)))
            {
                // A source need not be thread safe.
                var feeds = Array.ConvertAll(batches, batch => those.Read(batch.Indices));
                var runs = new (RunResult? Expected, RunResult? Actual)[batches.Length];
                try
                {
                    ParallelWork.For(batches.Length, batches.Length, i =>
                    {
                        RunResult Reference() => reference.Session.Run(feeds[i], to.Outputs, cancellation);
                        runs[i].Expected = Known?.Of(original, those, batches[i].Indices, to.Outputs, Reference) ?? Reference();
                        runs[i].Actual = candidate.Run(
                            own?.Of(feeds[i], batches[i].Indices[0]) ?? feeds[i], own is null ? to.Outputs : [.. to.Outputs, .. own.Outputs], cancellation);
                    }, cancellation);
                    for (var i = 0; i < batches.Length; i++)
                    {
                        own?.Take(runs[i].Actual!, to.Outputs.Count);
                        to.Add(feeds[i], runs[i].Expected!, runs[i].Actual!, batches[i].Indices, batches[i].Samples);
                        done += batches[i].Samples;
                        progress?.Report(new("verify", before + done, all));
                    }
                }
                finally
                {
                    Array.ForEach(runs, run =>
                    {
                        run.Expected?.Dispose();
                        run.Actual?.Dispose();
                    });
                }
            }
        }
    }

    private static bool IsSequence(ISampleSource samples) => samples is FileSampleSource { Recurrence: not null };

    private static void CheckLabels(ISampleSource samples, VerificationOptions options)
    {
        if (options.Labels is null)
        {
            return;
        }

        if (options.Labels.Count != samples.Count)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.LabelsMismatch, $"There are {options.Labels.Count} labels for {samples.Count} samples.");
        }

        if (!options.Decisions.Any(rule => rule.Decides))
        {
            throw new OnnxCompressException(
                DiagnosticCodes.LabelsMismatch, "Labels need decisions to be compared with; they do not go with --decision none.");
        }
    }

    /// <summary>A session that is opened when it is first asked for.</summary>
    private sealed class LateSession(Func<IModelSession> open) : IDisposable
    {
        private readonly Lazy<IModelSession> _session = new(open);

        public IModelSession Session => _session.Value;

        public void Dispose()
        {
            if (_session.IsValueCreated)
            {
                _session.Value.Dispose();
            }
        }
    }
}
