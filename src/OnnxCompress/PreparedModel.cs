using OnnxCompress.Allocation;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Reconstruction;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Simplification;
using OnnxCompress.Vocabularies;

namespace OnnxCompress;

/// <summary>The simplified model, which all later stages work on, and its analysis.</summary>
/// <param name="Model">The simplified model.</param>
/// <param name="Analysis">Its analysis.</param>
/// <param name="Original">What the model costs as it was given: limits are shares of this.</param>
internal sealed record PreparedModel(OnnxModel Model, ModelAnalysis Analysis, ModelCost Original)
{
    /// <summary>Simplifies and analyses a model; needs one sample, whatever its values.</summary>
    /// <exception cref="OnnxCompressException">The model cannot be run; the diagnostic says why.</exception>
    public static PreparedModel Of(OnnxModel model, ISampleSource samples, IModelRuntime runtime, CompressionOptions options, CancellationToken cancellation)
    {
        var sample = samples.Read(SampleBatches.Of(1, model.Inputs, preferred: 1).First().Indices);
        var cut = CutTable.Apply(model, options.Cuts);
        var read = StageOptions.TakesUpWholeNumbers(options) ? Simplifier.Dequantised(cut) : cut;
        var lifted = new BranchLifting(runtime, samples, options.BatchSize).Apply(read, sample, cancellation);
        var isSelected = NodeSelector.Create(lifted, options.Include, options.Exclude);
        var simplified = Simplifier.Simplify(lifted, runtime, sample, cancellation);
        var shapes = ShapeObserver.Observe(runtime, simplified, sample, cancellation);
        // Limits are shares of the model as it was given, rows that went included.
        var parameters = ParameterCount.Of(read) + (options.Cuts.Count == 0 ? 0 : ParameterCount.Of(model) - ParameterCount.Of(cut));
        var analysis = DependencyAnalyzer.Analyze(simplified, shapes, isSelected, parameters, new BranchCosts(runtime).Of(simplified, sample, cancellation), StageOptions.TurnsStreams(options));
        analysis.AccountFor(lifted, SplitSites.Find(analysis).Select(l => l.Weight).ToHashSet(StringComparer.Ordinal));
        return new(simplified, analysis, new ModelCost(analysis.Parameters, analysis.Macs, model.FileBytes));
    }

    /// <summary>
    /// The same options with batches of so few samples that what all layers make of one, which is looked at together, takes
    /// no more than the memory for activations.
    /// </summary>
    public CompressionOptions WithinMemory(CompressionOptions options) => options with
    {
        BatchSize = (int)Math.Clamp(options.MemoryBytes / OriginalOutputs.BytesOfSample(Analysis.Relations), 1, Math.Max(1, options.BatchSize)),
    };
}
