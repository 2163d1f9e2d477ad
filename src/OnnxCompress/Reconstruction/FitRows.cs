using System.Globalization;
using OnnxCompress.Calibration;
using OnnxCompress.Models;
using OnnxCompress.Numerics;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// Rows of the original network's layer outputs: one pass takes a bounded number of them from every batch, for all
/// layers at once.
/// </summary>
/// <param name="runtime">Where the original runs.</param>
/// <param name="backend">Sums products.</param>
/// <param name="options">Threads and seed.</param>
/// <param name="batches">The data.</param>
/// <param name="store">Keeps the rows.</param>
internal sealed class FitRows(IModelRuntime runtime, IDenseBackend backend, ReconstructionOptions options, FitBatches batches, ActivationStore store)
{
    private int[][][] _rows = [];
    private long[][][] _outputDims = [];

    /// <summary>Keeps rows of each layer's output, and of what an Add puts beside it.</summary>
    /// <param name="original">The original network.</param>
    /// <param name="sites">The layers.</param>
    /// <param name="wanted">Rows to take of a layer.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    public void Observe(OnnxModel original, IReadOnlyList<FitSite> sites, Func<FitSite, int> wanted, CancellationToken cancellation) =>
        Run(original, sites, s => s.Beside is null ? [s.Output] : [s.Output, s.Beside], (run, index, b) =>
        {
            for (var i = 0; i < sites.Count; i++)
            {
                var site = sites[i];
                _rows[i][b] = Choose(run.Dims(index[site.Output]), site, i, b, wanted(site));
                _outputDims[i][b] = [.. run.Dims(index[site.Output])];
                store.Put(Key("y", i), b, batches.Count, Take(run, index[site.Output], site, _rows[i][b]));
                if (site.Beside is { } beside)
                {
                    store.Put(Key("d", i), b, batches.Count, Take(run, index[beside], site, _rows[i][b]));
                }
            }
        }, cancellation);

    /// <summary>Moments of all layers with what the original network gives each.</summary>
    public FitAccumulator[] Accumulate(OnnxModel original, IReadOnlyList<FitSite> sites, Func<FitSite, int> wanted, CancellationToken cancellation)
    {
        FitAccumulator[] accumulators = [.. sites.Select(s => new FitAccumulator(s, s.KeptInputs, hasDrift: false, backend))];
        Run(original, sites, s => [s.Output, s.OriginalInput!], (run, index, b) =>
        {
            var inputs = new Dictionary<string, float[]>(StringComparer.Ordinal);
            for (var i = 0; i < sites.Count; i++)
            {
                var (site, output) = (sites[i], index[sites[i].Output]);
                var rows = Choose(run.Dims(output), site, i, b, wanted(site));
                var targets = Take(run, output, site, rows);
                var from = index[site.OriginalInput!];
                if (!inputs.TryGetValue(site.OriginalInput!, out var input))
                {
                    inputs[site.OriginalInput!] = input = run.Values<float>(from).ToArray();
                }

                accumulators[i].Add(batches.IsCheck(b), rows, run.Dims(output), input, run.Dims(from), (float[])targets.Values, null, null, cancellation);
            }
        }, cancellation);
        return accumulators;
    }

    /// <summary>Moments of one layer with what the compressed network gives it, which the store holds.</summary>
    /// <param name="index">The layer's index in <see cref="Observe"/>.</param>
    /// <param name="site">The layer.</param>
    /// <param name="active">Changes the targets; null leaves them as the original made them.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public FitAccumulator AccumulateKept(int index, FitSite site, ActiveTargets? active, CancellationToken cancellation)
    {
        var accumulator = new FitAccumulator(site, null, site.Beside is not null, backend) { Active = active };
        for (var b = 0; b < batches.Count; b++)
        {
            cancellation.ThrowIfCancellationRequested();
            var (rows, input) = (_rows[index][b], store.Get(site.Input, b));
            var targets = (float[])store.Get(Key("y", index), b).Values;
            var beside = site.Beside is null ? null : (float[])store.Get(Key("d", index), b).Values;
            var drift = beside is null ? null : Drift(beside, store.Get(site.Beside!, b), site, rows);
            accumulator.Add(batches.IsCheck(b), rows, _outputDims[index][b], (float[])input.Values, input.Dims, targets, drift, beside, cancellation);
        }

        return accumulator;
    }

    /// <summary>Gives up the rows of a layer.</summary>
    public void Drop(int index, FitSite site)
    {
        store.Drop(Key("y", index));
        if (site.Beside is not null)
        {
            store.Drop(Key("d", index));
        }
    }

    private static float[] Drift(float[] original, HostTensor compressed, FitSite site, int[] rows)
    {
        var now = new Matrix<float>(rows.Length, site.Outputs);
        RowReader.Channels((float[])compressed.Values, compressed.Dims, site.OutputAxis, rows, null, now);
        var drift = new float[original.Length];
        for (var i = 0; i < drift.Length; i++)
        {
            drift[i] = original[i] - now.Values[i];
        }

        return drift;
    }

    private static HostTensor Take(RunResult run, int output, FitSite site, int[] rows)
    {
        var values = new float[rows.Length * site.Outputs];
        RowReader.Channels(
            run.Values<float>(output), run.Dims(output), site.OutputAxis, rows, site.KeptOutputs, new MatrixView<float>(values, rows.Length, site.Outputs));
        return new HostTensor(site.Output, ElementType.Float, [rows.Length, site.Outputs], values);
    }

    private int[] Choose(IReadOnlyList<long> dims, FitSite site, int index, int batch, int wanted)
    {
        var available = batches.Real(batch, RowReader.Count(dims, site.OutputAxis));
        var share = (int)Math.Min(int.MaxValue, (((long)wanted * batches.SamplesOf(batch)) + batches.Samples - 1) / batches.Samples);
        return RowSample.Choose(available, share, unchecked((((options.Seed * 31) + index) * 31) + batch));
    }

    private void Run(
        OnnxModel original, IReadOnlyList<FitSite> sites, Func<FitSite, string[]> tensors,
        Action<RunResult, Dictionary<string, int>, int> take, CancellationToken cancellation)
    {
        _rows = [.. sites.Select(_ => new int[batches.Count][])];
        _outputDims = [.. sites.Select(_ => new long[batches.Count][])];
        string[] names = [.. sites.SelectMany(tensors).Distinct(StringComparer.Ordinal)];
        var index = names.Index().ToDictionary(n => n.Item, n => n.Index, StringComparer.Ordinal);
        using var session = runtime.Open(original.Observing(names), new SessionSettings(options.Threads, Spin: false));
        for (var b = 0; b < batches.Count; b++)
        {
            using var run = session.Run(batches.Read(b), names, cancellation);
            take(run, index, b);
        }
    }

    private static string Key(string what, int index) => string.Create(CultureInfo.InvariantCulture, $"{FitBatches.RowsPrefix}{what}{index}");
}
