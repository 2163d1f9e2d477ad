using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Verification;

/// <summary>Runs an original and a compressed model on the same samples and says how far they agree.</summary>
/// <param name="runtime">The inference engine, in the form it ships in: graph optimisations are on.</param>
public sealed class ModelVerifier(IModelRuntime runtime)
{
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
        // Two sessions take turns: threads of the one that spin would be in the way of the other.
        var settings = new SessionSettings(options.Threads, Spin: false);
        IModelSession? opened = null;
        using var candidate = runtime.Open(compressed, settings);
        var comparison = new RunComparison(original, options);
        var all = samples.Count + (options.Beside?.Count ?? 0);
        try
        {
            var done = Feed(comparison, samples, 0);
            if (options.Beside is not { Count: > 0 } beside)
            {
                return comparison.Result(done);
            }

            // Labels are those of the samples.
            var more = new RunComparison(original, options with { Labels = null });
            Feed(more, beside, done);
            return comparison.Result(done, more);
        }
        finally
        {
            opened?.Dispose();
        }

        int Feed(RunComparison to, ISampleSource those, int before)
        {
            var done = 0;
            // Steps of a sequence run in their order, and each model feeds its own state on: so drift adds up as it will in use.
            var own = those is FileSampleSource { Recurrence: { } recurrence } ? new OwnStates(recurrence, original) : null;
            foreach (var (indices, count) in own is not null ? OwnStates.Steps(those) : SampleBatches.Of(those, [.. original.Inputs, .. compressed.Inputs], options.BatchSize))
            {
                var feeds = those.Read(indices);
                RunResult Reference() => (opened ??= runtime.Open(original, settings)).Run(feeds, to.Outputs, cancellation);
                using var expected = Known?.Of(original, those, indices, to.Outputs, Reference) ?? Reference();
                using var actual = candidate.Run(own?.Of(feeds, indices[0]) ?? feeds, own is null ? to.Outputs : [.. to.Outputs, .. own.Outputs], cancellation);
                own?.Take(actual, to.Outputs.Count);
                to.Add(feeds, expected, actual, indices, count);
                done += count;
                progress?.Report(new("verify", before + done, all));
            }

            return done;
        }
    }

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
}
