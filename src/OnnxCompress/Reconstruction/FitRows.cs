using OnnxCompress.Calibration;
using OnnxCompress.Models;
using OnnxCompress.Numerics;

namespace OnnxCompress.Reconstruction;

/// <summary>Sums the moments of layers over the rows that are taken of the original network.</summary>
/// <param name="outputs">The original's rows.</param>
/// <param name="backend">Sums products.</param>
internal sealed class FitRows(OriginalOutputs outputs, IDenseBackend backend)
{
    /// <summary>Moments of all layers with what the original network gives each.</summary>
    /// <param name="sites">The layers.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    public FitAccumulator[] Accumulate(IReadOnlyList<FitSite> sites, CancellationToken cancellation)
    {
        FitAccumulator[] accumulators = [.. sites.Select(s => new FitAccumulator(s, s.KeptInputs, hasDrift: false, backend))];
        outputs.Run(sites.SelectMany(s => (string[])[s.Output, s.OriginalInput!]), (run, index, b) =>
        {
            var inputs = new Dictionary<string, float[]>(StringComparer.Ordinal);
            for (var i = 0; i < sites.Count; i++)
            {
                var (site, output, from) = (sites[i], index[sites[i].Output], index[sites[i].OriginalInput!]);
                var rows = outputs.Choose(run.Dims(output), site, b);
                var targets = OriginalOutputs.Kept(OriginalOutputs.Read(run, output, site, rows), site);
                if (!inputs.TryGetValue(site.OriginalInput!, out var input))
                {
                    inputs[site.OriginalInput!] = input = run.Values<float>(from).ToArray();
                }

                accumulators[i].Add(outputs.Batches.IsCheck(b), rows, run.Dims(output), input, run.Dims(from), targets, null, null, cancellation);
            }
        }, cancellation);
        Array.ForEach(accumulators, a => a.Flush());
        return accumulators;
    }

    /// <summary>Moments of one layer with what the compressed network gives it, which the store holds.</summary>
    /// <param name="site">The layer.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public FitAccumulator AccumulateKept(FitSite site, CancellationToken cancellation)
    {
        var accumulator = new FitAccumulator(site, null, site.Beside is not null, backend);
        AddKept(accumulator, site, cancellation);
        return accumulator;
    }

    /// <summary>The same moments with other targets.</summary>
    /// <param name="accumulator">What <see cref="AccumulateKept"/> made.</param>
    /// <param name="active">Changes the targets.</param>
    /// <param name="site">The layer.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public void Retarget(FitAccumulator accumulator, ActiveTargets active, FitSite site, CancellationToken cancellation)
    {
        accumulator.Retarget(active);
        AddKept(accumulator, site, cancellation);
    }

    private void AddKept(FitAccumulator accumulator, FitSite site, CancellationToken cancellation)
    {
        for (var b = 0; b < outputs.Batches.Count; b++)
        {
            cancellation.ThrowIfCancellationRequested();
            var ((rows, dims), input) = (outputs.Of(site, b), outputs.Store.Get(site.Input, b));
            var beside = outputs.Beside(site, b);
            var drift = beside is null ? null : Drift(beside, outputs.Store.Get(site.Beside!, b), site, rows);
            accumulator.Add(
                outputs.Batches.IsCheck(b), rows, dims, (float[])input.Values, input.Dims, outputs.Targets(site, b), drift, beside, cancellation);
        }

        accumulator.Flush();
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
}
