using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Verification;

/// <summary>
/// Measures what the network really makes of each site: the relative error of its consumers' outputs, compressed network
/// against original, on the output channels that both have.
/// </summary>
/// <param name="runtime">Where both run.</param>
/// <param name="threads">Threads of the runtime; 0 means all cores.</param>
internal sealed class SiteErrorMeter(IModelRuntime runtime, int threads)
{
    /// <summary>Errors settle within a percent on a few dozen samples of many rows each.</summary>
    private const int Samples = 64;

    /// <summary>Both networks hold what they make of a batch; larger ones are hardly faster.</summary>
    private const int LargestBatch = 4;

    /// <summary>The input whose zeros mark positions that do not count; null for none.</summary>
    public string? Mask { get; init; }

    /// <summary>Relative error (Frobenius, not squared; root mean square over consumers) of each site.</summary>
    /// <param name="original">The original network.</param>
    /// <param name="compressed">The compressed one, with the same tensor names.</param>
    /// <param name="sites">For each site, the layers whose outputs are compared.</param>
    /// <param name="shrinkage">Which output channels both have.</param>
    /// <param name="samples">Calibration data.</param>
    /// <param name="batchSize">Samples for each run.</param>
    /// <param name="cancellation">Stops between runs.</param>
    public double[] Measure(
        OnnxModel original, OnnxModel compressed, IReadOnlyList<LinearLayer[]> sites, Shrinkage shrinkage,
        ISampleSource samples, int batchSize, CancellationToken cancellation)
    {
        // A plan that removes nothing has nothing to measure, and the runtime refuses a run without outputs.
        var layers = sites.SelectMany(s => s).DistinctBy(l => l.Output).ToArray();
        if (layers.Length == 0)
        {
            return [.. sites.Select(_ => double.NaN)];
        }

        string[] names = [.. layers.Select(l => l.Output)];
        var settings = new SessionSettings(threads, Spin: false);
        using var before = new ObservedModel(runtime, original, names, settings);
        using var after = new ObservedModel(runtime, compressed, [.. names.Select(n => shrinkage.Shifted.GetValueOrDefault(n, n))], settings);
        var (errors, energies) = (new double[names.Length], new double[names.Length]);
        var (reference, values) = (new OutputValues(), new OutputValues());
        foreach (var (indices, _) in SampleBatches.Of(samples, original.Inputs, Math.Min(batchSize, LargestBatch), Enumerable.Range(0, Math.Min(Samples, samples.Count))))
        {
            var batch = samples.Read(indices);
            using var expected = before.Run(batch, cancellation);
            using var actual = after.Run(batch, cancellation);
            for (var i = 0; i < names.Length; i++)
            {
                var axis = shrinkage.Axes(layers[i].Output)[layers[i].OutputChannelAxis];
                reference.Read(expected, i);
                if (shrinkage.Turns.TryGetValue(names[i], out var turn))
                {
                    reference.Turn(turn.Apply, axis!.Length);
                }

                values.Read(actual, i);
                var counted = SampleMask.CountedRows(batch, Mask, indices.Length, reference.Dims, layers[i].OutputChannelAxis);
                var (error, energy) = shrinkage.TurnOf(axis) is { } turned
                    ? Compare(reference, values, layers[i].OutputChannelAxis, counted, turned)
                    : Compare(reference, values, layers[i].OutputChannelAxis, counted, c => axis is null || shrinkage.IsKept(axis.Ids[c]));
                errors[i] += error;
                energies[i] += energy;
            }
        }

        var squared = layers.Select((l, i) => (l.Output, Value: energies[i] > 0 ? errors[i] / energies[i] : 0))
            .ToDictionary(p => p.Output, p => p.Value, StringComparer.Ordinal);
        return [.. sites.Select(s => s.Length == 0 ? double.NaN : Math.Sqrt(s.Average(l => squared[l.Output])))];
    }

    /// <summary>The same for channels of a residual stream that was turned.</summary>
    private static (double Error, double Energy) Compare(OutputValues expected, OutputValues actual, int channelAxis, bool[]? counted, Matrix<float> turn)
    {
        var inner = (int)expected.Dims.Skip(channelAxis + 1).Aggregate(1L, (product, d) => product * d);
        var rows = expected.Values.Length / turn.Rows;
        double error = 0, energy = 0;
        for (var row = 0; row < rows; row++)
        {
            if (counted is not null && !counted[row])
            {
                continue;
            }

            var (outer, at) = (row / inner, row % inner);
            for (var k = 0; k < turn.Columns; k++)
            {
                double before = 0;
                for (var c = 0; c < turn.Rows; c++)
                {
                    before += expected.Values[(((outer * turn.Rows) + c) * inner) + at] * turn[c, k];
                }

                var difference = before - actual.Values[(((outer * turn.Columns) + k) * inner) + at];
                error += difference * difference;
                energy += before * before;
            }
        }

        return (error, energy);
    }

    private static (double Error, double Energy) Compare(
        OutputValues expected, OutputValues actual, int channelAxis, bool[]? counted, Func<int, bool> isKept)
    {
        var dims = expected.Dims;
        var inner = dims.Skip(channelAxis + 1).Aggregate(1L, (product, d) => product * d);
        var outer = dims.Take(channelAxis).Aggregate(1L, (product, d) => product * d);
        var channels = (int)dims[channelAxis];
        // There may be channels of zeros behind those that stay.
        var kept = (int)actual.Dims[channelAxis];
        double error = 0, energy = 0;
        for (var o = 0L; o < outer; o++)
        {
            var position = 0;
            for (var c = 0; c < channels; c++)
            {
                if (!isKept(c))
                {
                    continue;
                }

                var left = expected.Values.Slice((int)(((o * channels) + c) * inner), (int)inner);
                var right = actual.Values.Slice((int)(((o * kept) + position++) * inner), (int)inner);
                for (var i = 0; i < left.Length; i++)
                {
                    if (counted is not null && !counted[(o * inner) + i])
                    {
                        continue;
                    }

                    var difference = left[i] - right[i];
                    error += difference * difference;
                    energy += left[i] * left[i];
                }
            }
        }

        return (error, energy);
    }
}
