using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Verification;

/// <summary>
/// Runs a model as it will run, with all of the runtime's optimisations, and once without any: kernels that compute in bytes
/// round otherwise than the nodes that they replace, and some saturate.
/// </summary>
/// <param name="runtime">Where it runs.</param>
/// <param name="threads">Threads of the runtime; 0 means all cores.</param>
internal sealed class KernelDifference(IModelRuntime runtime, int threads)
{
    /// <summary>More than this is no rounding any more.</summary>
    public const double Usual = 0.05;

    private const int Samples = 64;

    /// <summary>The input whose zeros mark positions that do not count; null for none.</summary>
    public string? Mask { get; init; }

    /// <summary>The largest relative difference (Frobenius) that an output has over a few dozen samples.</summary>
    /// <param name="model">The model.</param>
    /// <param name="samples">Samples to run it on.</param>
    /// <param name="batchSize">Samples for each run.</param>
    /// <param name="cancellation">Stops between runs.</param>
    public double Measure(OnnxModel model, ISampleSource samples, int batchSize, CancellationToken cancellation)
    {
        using var fused = runtime.Open(model, new SessionSettings(threads, Spin: false));
        using var plain = runtime.Open(model, new SessionSettings(threads, Optimize: false, Spin: false));
        string[] outputs = [.. plain.Outputs.Where(o => o.Type == ElementType.Float).Select(o => o.Name)];
        if (outputs.Length == 0)
        {
            return 0;
        }

        var (errors, energies) = (new double[outputs.Length], new double[outputs.Length]);
        foreach (var (indices, _) in SampleBatches.Of(samples, model.Inputs, batchSize, Enumerable.Range(0, Math.Min(Samples, samples.Count))))
        {
            var batch = samples.Read(indices);
            using var expected = plain.Run(batch, outputs, cancellation);
            using var actual = fused.Run(batch, outputs, cancellation);
            for (var i = 0; i < outputs.Length; i++)
            {
                var reference = expected.Values<float>(i);
                var values = actual.Values<float>(i);
                var mask = SampleMask.CountedValues(batch, Mask, indices.Length, expected.Dims(i));
                for (var at = 0; at < reference.Length; at++)
                {
                    if (mask is not { } left || left.Counted[at / left.Width])
                    {
                        errors[i] += (double)(reference[at] - values[at]) * (reference[at] - values[at]);
                        energies[i] += (double)reference[at] * reference[at];
                    }
                }
            }
        }

        return errors.Zip(energies, (error, energy) => energy > 0 ? Math.Sqrt(error / energy) : error > 0 ? double.PositiveInfinity : 0).Max();
    }
}
