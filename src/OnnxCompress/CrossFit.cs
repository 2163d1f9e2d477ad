using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Search;
using OnnxCompress.Verification;

namespace OnnxCompress;

/// <summary>
/// Proves a compression on all of its data: for each fold a model is made from the other folds, plan and weights, and judged on
/// that fold. What the models keep together is what the compression keeps on samples that it has not seen; a model from all of the
/// data has a few more samples than any of them.
/// </summary>
/// <param name="backend">Does the linear algebra.</param>
/// <param name="runtime">Runs models.</param>
/// <param name="folds">How many folds.</param>
/// <param name="mostStatistics">Samples for statistics at most.</param>
internal sealed class CrossFit(IDenseBackend backend, IModelRuntime runtime, int folds, int mostStatistics)
{
    /// <summary>Samples that differ, of which each fold has two: nothing can be compared within one.</summary>
    public static int Least(int folds) => 2 * folds;

    /// <summary>What models of the same size keep, each on the samples it was not made from.</summary>
    /// <param name="original">The original.</param>
    /// <param name="made">The result of all samples.</param>
    /// <param name="samples">The samples; at least <see cref="Least"/> of them differ.</param>
    /// <param name="options">What the result was made with.</param>
    /// <param name="progress">Told where the run stands.</param>
    /// <param name="cancellation">Stops the run.</param>
    /// <exception cref="OnnxCompressException">As the compression itself.</exception>
    public VerificationResult Verify(
        OnnxModel original, CompressionResult made, ISampleSource samples, CompressionOptions options, IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        var parts = SampleSplit.Folds(samples, folds, options.Seed, cancellation);
        return new ModelVerifier(runtime).VerifyParts(
            original,
            parts.Select((part, fold) => (Without(fold).Model, part)),
            samples,
            StageOptions.Verification(options),
            cancellation);

        CompressionResult Without(int fold)
        {
            var watch = new StageWatch(progress);
            watch.BeginRound("folds", fold, folds);
            var rest = new SubsetSampleSource(samples, [.. parts.Where((_, other) => other != fold).SelectMany(part => part).Order()]);
            var split = SampleSplit.WithoutGuard(rest, options.Seed, mostStatistics, cancellation);
            var result = new Compressor(backend, runtime).Compress(
                original, new CompressionData(new SubsetSampleSource(rest, split.Statistics), new SubsetSampleSource(rest, split.Validation)), Like(made, options), watch, cancellation);
            if (fold == folds - 1)
            {
                watch.EndRounds();
            }

            return result;
        }
    }

    /// <summary>Options for a model in the same numbers; one that a goal was searched with becomes as small as the result.</summary>
    internal static CompressionOptions Like(CompressionResult made, CompressionOptions options) => options with
    {
        Precision = made.Plan.Precision,
        RemovesNothing = made.Plan.Sites.Count == 0,
        Budget = made.Plan.Sites.Count == 0 ? Budget.None
            : options.Budget.IsLimited ? options.Budget
            : new Budget(KeepParameters: Share(made.Compressed.Parameters, made.Original.Parameters), KeepMacs: Share(made.Compressed.Macs, made.Original.Macs)),
    };

    // Half a parameter more, so that rounding does not ask for one less.
    private static double? Share(long part, long whole) => whole > 0 ? Math.Min(1, (part + 0.5) / whole) : null;
}
