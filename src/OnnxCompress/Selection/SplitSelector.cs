using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Running;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Selection;

/// <summary>Prices the splits of every layer of a model.</summary>
/// <param name="model">The model.</param>
/// <param name="analysis">Its analysis.</param>
/// <param name="statistics">Its statistics.</param>
/// <param name="backend">Factorises.</param>
/// <param name="options">Forms and alignment.</param>
internal sealed class SplitSelector(
    OnnxModel model, ModelAnalysis analysis, CalibrationStatistics statistics, IDenseBackend backend, SelectionOptions options)
{
    /// <summary>What is known from an earlier run, in the order of layers; empty for nothing.</summary>
    public IReadOnlyList<IReadOnlyList<SplitOption>> Known { get; init; } = [];

    /// <summary>One candidate for each layer that can be split.</summary>
    public SplitCandidate[] Select(CancellationToken cancellation)
    {
        var layers = SplitSites.Find(analysis);
        var candidates = new SplitCandidate[layers.Count];
        ParallelWork.For(candidates.Length, backend.Threads, i => candidates[i] = Price(layers[i], Known.ElementAtOrDefault(i)), cancellation);
        return candidates;
    }

    private SplitCandidate Price(LinearLayer layer, IReadOnlyList<SplitOption>? known)
    {
        var problem = new LayerProblems(analysis, statistics).Of(layer, model.Graph);
        var spectra = options.Forms.Contains(SplitForm.Alds) && problem.Size.LargestRank > 1 ? new AldsSpectra(problem, backend) : null;
        return new SplitCandidate(
            layer,
            known ?? SplitCurves.Of(problem with { Spectra = spectra }, options.Forms, options.Alignment, backend),
            analysis,
            model.StoredSize(model.Graph.Constant(layer.Weight)!),
            lacksBias: problem.TakesMean && layer.Bias is null)
        {
            Spectra = spectra,
            // Where times are measured, those decide.
            LeavesOutSlower = options.Alignment.Measured is null,
        };
    }
}
