using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Running;

namespace OnnxCompress.Reconstruction;

/// <summary>Sums the moments of layers over the rows that are taken of the original network.</summary>
/// <param name="outputs">The original's rows.</param>
/// <param name="backend">Sums products.</param>
internal sealed class FitRows(OriginalOutputs outputs, IDenseBackend backend)
{
    // Every layer is gathered for in the same memory: one is solved before the next is read.
    private readonly (FitBuffer Fit, FitBuffer Check) _buffers = (new FitBuffer(outputs.MostHeld), new FitBuffer(outputs.MostHeld));
    private readonly DiscardedMemory _discarded = new();
    private FitAccumulator? _last;

    /// <summary>Moments of all layers with what the original network gives each.</summary>
    /// <param name="sites">The layers.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    public FitAccumulator[] Accumulate(IReadOnlyList<FitSite> sites, CancellationToken cancellation)
    {
        FitAccumulator[] accumulators = [.. sites.Select(s => new FitAccumulator(s, s.KeptInputs, hasDrift: false, (new FitBuffer(), new FitBuffer()), null, backend))];
        string[] tensors = [.. sites.SelectMany(s => (string[])[s.Output, s.OriginalInput!]).Distinct(StringComparer.Ordinal)];
        var index = tensors.Index().ToDictionary(t => t.Item, t => t.Index, StringComparer.Ordinal);
        outputs.Run(tensors, (run, b) =>
        {
            var inputs = sites.Select(s => s.OriginalInput!).Distinct(StringComparer.Ordinal)
                .ToDictionary(name => name, name => run.Values<float>(index[name]).ToArray(), StringComparer.Ordinal);
            ParallelWork.For(sites.Count, backend.Threads, i =>
            {
                var (site, output) = (sites[i], index[sites[i].Output]);
                var dims = run.Dims(output);
                var rows = outputs.Choose(dims, site, b);
                var targets = OriginalOutputs.Kept(OriginalOutputs.Read(run, output, site, rows), site);
                var part = new FitPart(rows, dims, inputs[site.OriginalInput!], run.Dims(index[site.OriginalInput!]), targets, null, null);
                accumulators[i].Add(outputs.Batches.IsCheck(b), [rows.Length], _ => part, cancellation);
            }, cancellation);
        }, cancellation);
        Array.ForEach(accumulators, a => a.Complete());
        return accumulators;
    }

    /// <summary>Moments of one layer with what the compressed network gives it, which the store holds.</summary>
    /// <param name="site">The layer; its moments are gone once those of the next are asked for.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public FitAccumulator AccumulateKept(FitSite site, CancellationToken cancellation)
    {
        _discarded.Add(_last?.Discard() ?? 0);
        int Rows(bool isCheck) => Enumerable.Range(0, outputs.Batches.Count).Where(b => outputs.Batches.IsCheck(b) == isCheck)
            .Sum(b => site.Uses.Sum(use => outputs.Of(use, b).Rows.Length));
        var accumulator = new FitAccumulator(
            site, null, site.Beside is not null, _buffers, (Rows(isCheck: false), Rows(isCheck: true)), backend);
        AddKept(accumulator, site, cancellation);
        return _last = accumulator;
    }

    /// <summary>The same moments with other targets.</summary>
    /// <param name="accumulator">What <see cref="AccumulateKept"/> made.</param>
    /// <param name="active">Changes the targets.</param>
    /// <param name="site">The layer.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public void Retarget(FitAccumulator accumulator, ActiveTargets active, FitSite site, CancellationToken cancellation)
    {
        if (!accumulator.Retarget(active, cancellation))
        {
            AddKept(accumulator, site, cancellation);
        }
    }

    private void AddKept(FitAccumulator accumulator, FitSite site, CancellationToken cancellation)
    {
        foreach (var use in site.Uses)
        {
            foreach (var chunk in Chunks(use, accumulator.Capacity))
            {
                cancellation.ThrowIfCancellationRequested();
                accumulator.Add(outputs.Batches.IsCheck(chunk[0]), [.. chunk.Select(b => outputs.Of(use, b).Rows.Length)], i => Read(use, chunk[i]), cancellation);
            }
        }

        accumulator.Complete();
    }

    /// <summary>Batches of one fold that are gathered at once.</summary>
    private IEnumerable<List<int>> Chunks(FitSite site, int capacity)
    {
        var (chunk, rows) = (new List<int>(), 0);
        for (var b = 0; b < outputs.Batches.Count; b++)
        {
            var count = outputs.Of(site, b).Rows.Length;
            if (chunk.Count > 0 && (rows + count > capacity || outputs.Batches.IsCheck(b) != outputs.Batches.IsCheck(chunk[0])))
            {
                yield return chunk;
                (chunk, rows) = ([], 0);
            }

            chunk.Add(b);
            rows += count;
        }

        if (chunk.Count > 0)
        {
            yield return chunk;
        }
    }

    private FitPart Read(FitSite site, int batch)
    {
        var ((rows, dims), input) = (outputs.Of(site, batch), outputs.Store.Get(site.Map.Input, batch));
        var beside = outputs.Beside(site, batch);
        var drift = beside is null ? null : Drift(beside, site.BesideNow ?? site.Beside!, site, batch, rows);
        return new FitPart(rows, dims, (float[])input.Values, input.Dims, outputs.Targets(site, batch), drift, beside)
        {
            Done = () => outputs.Store.GiveBack(site.Map.Input, batch, input),
        };
    }

    private float[] Drift(float[] original, string tensor, FitSite site, int batch, int[] rows)
    {
        var (compressed, now) = (outputs.Store.Get(tensor, batch), new Matrix<float>(rows.Length, site.Outputs));
        RowReader.Channels((float[])compressed.Values, compressed.Dims, site.OutputAxis, rows, null, now);
        outputs.Store.GiveBack(tensor, batch, compressed);
        var drift = new float[original.Length];
        for (var i = 0; i < drift.Length; i++)
        {
            drift[i] = original[i] - now.Values[i];
        }

        return drift;
    }
}
