using OnnxCompress.Calibration.Data;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Calibration;

/// <summary>Runs the calibration data through a model with Gram taps and sums what comes out, in double.</summary>
/// <param name="runtime">Where the model runs.</param>
/// <param name="threads">Threads of the runtime and of the summation; 0 means all cores.</param>
internal sealed class Calibrator(IModelRuntime runtime, int threads)
{
    /// <summary>Takes statistics; memory does not grow with the number of samples.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="shapes">Its shapes.</param>
    /// <param name="taps">Where statistics are taken; those with the same key are taken once.</param>
    /// <param name="samples">The data.</param>
    /// <param name="batchSize">Samples for each run, unless the model fixes its batch: that one is filled up with the last sample.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    public CalibrationStatistics Run(
        OnnxModel model, TensorShapes shapes, IEnumerable<ChannelTap> taps, ISampleSource samples, int batchSize,
        IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        var distinct = taps.DistinctBy(t => t.Key, StringComparer.Ordinal).ToArray();
        var statistics = new CalibrationStatistics(model.Sha256) { Samples = samples.Count };
        var totals = distinct.Select(t => statistics.Open(t.Key, t.Channels)).ToArray();
        if (distinct.Length == 0)
        {
            return statistics;
        }

        var tapped = GramTaps.Insert(model, shapes, distinct, SampleBatches.Fixed(model.Inputs) ?? batchSize, out var outputs);
        using var session = runtime.Open(tapped, new SessionSettings(threads, Spin: false));
        // At least one batch for each fold, however few samples there are.
        batchSize = Math.Clamp(samples.Count / TapStatistics.CheckEvery, 1, batchSize);
        var batch = 0;
        foreach (var (indices, count, inputs) in Read(samples, model, batchSize, cancellation))
        {
            using var result = session.Run(inputs, outputs, cancellation);
            var isCheck = batch++ % TapStatistics.CheckEvery == TapStatistics.CheckEvery - 1;
            // One tap is summed by one thread, batch after batch: the result does not depend on the number of threads.
            ParallelWork.For(
                distinct.Length,
                threads,
                i => (isCheck ? totals[i].Check : totals[i].Fit).Add(
                    result.Values<float>(2 * i), result.Values<float>((2 * i) + 1), indices * distinct[i].RowsPerSample(shapes)),
                cancellation);
            progress?.Report(new ProgressUpdate("calibrate", count, samples.Count));
        }

        RequireFinite(distinct, totals);
        return statistics;
    }

    /// <summary>Batches one after the other; the next is read while the caller works on this one.</summary>
    /// <returns>Samples in the batch, samples up to and with it, and the batch.</returns>
    private static IEnumerable<(int Indices, int Done, IReadOnlyList<HostTensor> Inputs)> Read(
        ISampleSource samples, OnnxModel model, int batchSize, CancellationToken cancellation)
    {
        var done = 0;
        Task<(int Indices, int Samples, IReadOnlyList<HostTensor> Inputs)>? pending = null;
        try
        {
            foreach (var (indices, count) in SampleBatches.Of(samples.Count, model.Inputs, batchSize))
            {
                // One read at a time: a source need not be thread safe.
                var ready = pending?.GetAwaiter().GetResult();
                pending = Task.Run(() => (indices.Length, count, samples.Read(indices)), cancellation);
                if (ready is { } previous)
                {
                    yield return (previous.Indices, done += previous.Samples, previous.Inputs);
                }
            }

            if (pending?.GetAwaiter().GetResult() is { } last)
            {
                yield return (last.Indices, done + last.Samples, last.Inputs);
            }
        }
        finally
        {
            // A caller that stops early may close the source next; the read that is under way must be over by then.
            Task.WaitAny([pending ?? Task.CompletedTask], CancellationToken.None);
        }
    }

    private static void RequireFinite(ChannelTap[] taps, TapStatistics[] totals)
    {
        for (var i = 0; i < taps.Length; i++)
        {
            if (totals[i].Fit.Gram.Concat(totals[i].Check.Gram).Any(v => !double.IsFinite(v)))
            {
                throw new OnnxCompressException(
                    DiagnosticCodes.ActivationsNotFinite,
                    $"The activations '{taps[i].Tensor}' became NaN or infinite on the calibration data; check the data and their preprocessing (--scale, --mean, --std).");
            }
        }
    }
}
