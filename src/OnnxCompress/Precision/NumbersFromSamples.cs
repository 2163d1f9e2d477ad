using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Precision;

/// <summary>Chooses ranges and rounds weights by what samples give in the network.</summary>
/// <param name="runtime">Where models run.</param>
/// <param name="backend">Does the linear algebra.</param>
/// <param name="samples">Calibration data.</param>
/// <param name="options">How.</param>
internal sealed class NumbersFromSamples(IModelRuntime runtime, IDenseBackend backend, ISampleSource samples, QuantizerOptions options)
{
    /// <summary>Does both.</summary>
    /// <param name="target">The model; edited in place.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    /// <returns>What the data had that a range could not hold.</returns>
    public IReadOnlyList<Diagnostic> Run(QuantisedGraph target, CancellationToken cancellation)
    {
        var relations = DependencyAnalyzer.Analyze(target.Original, target.Shapes).Relations;
        using var outputs = new OriginalOutputs(runtime, target.Original, relations, samples, options.Walk, cancellation);
        var observed = new RangeObserver(outputs.Batches, target.Places.Observed, options.Walk.Threads).Run(runtime, target.Original, cancellation);
        var (scales, warnings) = ActivationRanges.Of(observed, target.Original.Graph, options);
        target.Pairs.Add(target.Places, scales);
        new QuantisedWalk(runtime, backend, options).Run(
            outputs, target.Made, new Shrinkage(target.Original.Graph, relations, null), tensor => target.Pairs.ScaleOf(tensor)?.Scale ?? 0, target.Rounded, cancellation);
        return warnings;
    }
}
