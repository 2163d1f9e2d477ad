using OnnxCompress.Dependencies.Gradients;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Calibration;

/// <summary>
/// Takes second moments of derivatives of a model's outputs by what its layers make: <c>J^T J</c> of each layer, summed over samples and
/// positions. An error d of a layer costs <c>d^T J^T J d</c> at the outputs, as far as they are linear in it.
/// </summary>
/// <param name="runtime">Where the model runs.</param>
/// <param name="threads">Threads of the runtime; 0 means all cores.</param>
internal sealed class Sensitivity(IModelRuntime runtime, int threads)
{
    /// <summary>Derivatives are taken of so many samples at most: each costs about three runs of the model.</summary>
    private const int MostSamples = 1024;

    /// <summary>Larger batches are hardly faster.</summary>
    private const int LargestBatch = 16;

    /// <summary>A run holds all activations until their derivatives are there, and with each its derivative and what it is made of.</summary>
    private const int HeldAtOnce = 3;

    /// <summary>Of the layers, so many must be known for derivatives to be taken.</summary>
    private const double LeastKnown = 0.5;

    /// <summary>The input whose zeros mark positions that do not count; null for none.</summary>
    public string? Mask { get; init; }

    /// <summary>Samples whose activations memory has room for.</summary>
    public double MostHeld { get; init; } = double.PositiveInfinity;

    /// <summary>Where moments of derivatives by a layer's outputs are filed.</summary>
    /// <param name="tap">The outputs; null for none.</param>
    public static ChannelTap? Of(ChannelTap? tap) =>
        // Made anew: a copy would be filed under the outputs themselves.
        tap is null ? null : new(GradientGraph.NameOf(tap.Tensor), tap.Axis, tap.Channels, tap.Positions, tap.Role);

    /// <summary>Adds what is known of some layers to statistics.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="shapes">Its shapes.</param>
    /// <param name="outputs">What the layers make.</param>
    /// <param name="samples">The data.</param>
    /// <param name="statistics">They get an entry for each tensor whose derivative is known.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    /// <returns>Why nothing is known although it could be; null where that is not so.</returns>
    public Diagnostic? Take(OnnxModel model, TensorShapes shapes, IReadOnlyList<ChannelTap> outputs, ISampleSource samples, CalibrationStatistics statistics, CancellationToken cancellation)
    {
        if (outputs.Any(tap => shapes.TypeOf(tap.Tensor) != ElementType.Float))
        {
            return null;
        }

        if (GradientGraph.Of(model, shapes, [.. outputs.Select(tap => tap.Tensor).Distinct(StringComparer.Ordinal)], out var known) is not { } derived
            // A pass for a few of the last layers, as of a network of convolutions, tells too little.
            || known.Count < LeastKnown * outputs.Count)
        {
            return null;
        }

        var like = shapes.Copy();
        foreach (var tensor in known)
        {
            like.SetLike(GradientGraph.NameOf(tensor), tensor);
        }

        var there = known.ToHashSet(StringComparer.Ordinal);
        var few = samples.Count <= MostSamples
            ? samples
            : new SubsetSampleSource(samples, [.. Enumerable.Range(0, MostSamples).Select(i => (int)((long)i * samples.Count / MostSamples))]);
        var batch = (int)Math.Clamp(MostHeld / HeldAtOnce, 1, LargestBatch);
        try
        {
            var taken = new Calibrator(runtime, threads, batch) { Mask = Mask }.Run(
                derived, like, outputs.Where(tap => there.Contains(tap.Tensor)).Select(tap => Of(tap)!), few, progress: null, observer: null, cancellation);
            foreach (var (key, moments) in taken.Taps)
            {
                statistics.Open(key, moments.Channels).Add(moments);
            }

            return null;
        }
        catch (OnnxCompressException e)
        {
            // Derivatives may overflow where values do not, and runtimes have fewer kernels for other types: then nothing is known of them. The
            // network itself ran on these samples.
            return new Diagnostic(
                DiagnosticCodes.DerivativesNotTaken, Severity.Warning, $"Nothing is known of what the outputs feel, so layers lose what is smallest in themselves: their derivatives could not be taken. {e.Diagnostic.Message}");
        }
    }
}
