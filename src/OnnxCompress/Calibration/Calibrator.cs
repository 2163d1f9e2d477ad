using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Calibration;

/// <summary>Runs the calibration data through a model with Gram taps and sums what comes out, in double.</summary>
/// <param name="runtime">Where the model runs.</param>
/// <param name="threads">Threads of the runtime and of the summation; 0 means all cores.</param>
/// <param name="batchSize">Samples for each run, unless the model fixes its batch: that one is filled up with the last sample.</param>
internal sealed class Calibrator(IModelRuntime runtime, int threads, int batchSize)
{
    /// <summary>The input whose zeros mark positions that do not count; null for none.</summary>
    public string? Mask { get; init; }

    /// <summary>Tensors whose values are counted, inputs of the model among them.</summary>
    public IReadOnlyList<string> Ranged { get; init; } = [];

    /// <summary>Batches that may run at once, as far as memory goes.</summary>
    public long MostAtOnce { get; init; } = 1;

    /// <summary>Takes statistics; memory does not grow with the number of samples, but for eight bytes each.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="shapes">Its shapes.</param>
    /// <param name="places">Where statistics are taken; those with the same key are taken once.</param>
    /// <param name="samples">The data.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="observer">Looks at more of each run, unless samples differ in shape; null for nothing.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    public CalibrationStatistics Run(
        OnnxModel model, TensorShapes shapes, IEnumerable<ChannelTap> places, ISampleSource samples,
        IProgress<ProgressUpdate>? progress, IRunObserver? observer, CancellationToken cancellation)
    {
        var distinct = places.DistinctBy(t => t.Key, StringComparer.Ordinal).ToArray();
        var statistics = CalibrationStatistics.Begin(model, samples, cancellation);
        var totals = distinct.Select(t => statistics.Open(t.Key, t.Channels)).ToArray();
        var counting = new CountedTensors(Ranged, model.Inputs, statistics, threads);
        if (distinct.Length == 0 && !counting.Any)
        {
            return statistics;
        }

        // What is fed once has as many rows in a run of many samples as in one.
        var plan = FeedPlan.Of(model.Inputs);
        var varies = plan.Inputs.Any(feed => feed.BatchAxis is null) || Enumerable.Range(0, samples.Count).Any(i => samples.ShapeGroup(i) != samples.ShapeGroup(0));
        // Rows of samples that differ are not known before the run; batches are chosen so that a sample like the observed one stays under the limit.
        var size = varies ? (int)Math.Clamp(GramTaps.LargestBlockRows / Math.Max(1, distinct.Select(tap => tap.RowsPerSample(shapes)).DefaultIfEmpty().Max()), 1, batchSize) : batchSize;
        var mask = MaskedRows.Of(model, shapes, plan.Inputs.Any(feed => feed.BatchAxis == 0 && feed.Input.Name == Mask) ? Mask : null);
        var isMasked = distinct.Select(tap => mask?.AxesOf(tap) is not null).ToArray();
        var tapped = GramTaps.Insert(model, shapes, distinct, plan.FixedBatch ?? size, varies, mask, out var taps);
        // Their batches are smaller than those of an observer.
        observer = varies ? null : observer;
        string[] looked = [.. taps, .. observer?.Tensors ?? []];
        looked = [.. looked, .. counting.Inner.Except(looked, StringComparer.Ordinal)];
        // The runtime refuses a run without outputs.
        var batches = new FoldBatches(samples, model.Inputs, size, cancellation);
        var side = SideBySide.Of(threads, batches.Count, MostAtOnce);
        using var observed = looked.Length == 0 ? null : new ObservedModel(runtime, tapped, looked, side.Settings);
        var done = 0;
        foreach (var (first, inputs) in Read(batches, observed?.RunsOf(side) ?? 1, cancellation))
        {
            for (var i = 0; i < inputs.Length; i++)
            {
                var b = first + i;
                counting.TakeInputs(inputs[i], values => batches.Real(b, values));
            }

            if (observed is null)
            {
                continue;
            }

            var results = new RunResult[inputs.Length];
            try
            {
                ParallelWork.For(inputs.Length, inputs.Length, i =>
                {
                    results[i] = observed.Run(inputs[i], cancellation);
                    observer?.Take(results[i], taps.Length, first + i, side.Threads, cancellation);
                }, cancellation);
                bool[]?[] counted = [.. inputs.Select((fed, i) => mask is null ? null : SampleMask.Read(fed, mask.Input, batches.SizeOf(first + i))!)];
                // One tap is summed by one thread, batch after batch: the result does not depend on the number of threads.
                ParallelWork.For(distinct.Length, threads, tap =>
                {
                    for (var i = 0; i < results.Length; i++)
                    {
                        var (result, b) = (results[i], first + i);
                        var all = varies ? result.Values<long>((2 * distinct.Length) + tap)[0] / distinct[tap].Channels : batches.SizeOf(b) * distinct[tap].RowsPerSample(shapes);
                        var rows = isMasked[tap] ? MaskedRows.Left(counted[i]!, all) : all;
                        (batches.IsCheck(b) ? totals[tap].Check : totals[tap].Fit).Add(result.Values<float>(2 * tap), result.Values<float>((2 * tap) + 1), rows);
                    }
                }, cancellation);
                for (var i = 0; i < results.Length; i++)
                {
                    var b = first + i;
                    counting.Take(results[i], observed.Tensors, values => batches.Real(b, values), cancellation);
                    progress?.Report(new ProgressUpdate("calibrate", done += batches.SamplesOf(b), samples.Count));
                }
            }
            finally
            {
                Array.ForEach(results, result => result?.Dispose());
            }
        }

        RequireFinite(distinct, totals);
        return statistics;
    }

    /// <summary>Batches that run at once, group after group; the next ones are read while the caller works on these.</summary>
    private static IEnumerable<(int First, IReadOnlyList<HostTensor>[] Inputs)> Read(FoldBatches batches, int atOnce, CancellationToken cancellation)
    {
        Task<(int First, IReadOnlyList<HostTensor>[] Inputs)>? pending = null;
        try
        {
            for (var b = 0; b < batches.Count; b += atOnce)
            {
                var first = b;
                // One read at a time: a source need not be thread safe.
                var ready = pending?.GetAwaiter().GetResult();
                pending = Task.Run(
                    () => (first, Enumerable.Range(first, Math.Min(atOnce, batches.Count - first)).Select(batches.Read).ToArray()), cancellation);
                if (ready is { } previous)
                {
                    yield return previous;
                }
            }

            if (pending?.GetAwaiter().GetResult() is { } last)
            {
                yield return last;
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
