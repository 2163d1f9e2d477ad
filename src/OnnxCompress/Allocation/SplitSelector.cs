using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Allocation;

/// <summary>Prices the splits of every layer of a model.</summary>
/// <param name="model">The model.</param>
/// <param name="analysis">Its analysis.</param>
/// <param name="statistics">Its statistics.</param>
/// <param name="backend">Factorises.</param>
/// <param name="options">Form, alignment and whether weights may come from data.</param>
internal sealed class SplitSelector(
    OnnxModel model, ModelAnalysis analysis, CalibrationStatistics statistics, IDenseBackend backend, CompressionOptions options)
{
    /// <summary>One candidate for each layer that can be split.</summary>
    public SplitCandidate[] Select(CancellationToken cancellation)
    {
        var layers = SplitSites.Find(analysis);
        var candidates = new SplitCandidate[layers.Count];
        ParallelWork.For(candidates.Length, backend.Threads, i => candidates[i] = Price(layers[i]), cancellation);
        return candidates;
    }

    /// <summary>
    /// The forms that are tried. Left to itself the tool takes, with data, the response form, whose stated error is exact,
    /// and columns and rows, whose error is put on the same scale; without data ALDS as published. Columns and rows are
    /// made from weights, so they count only where the whole network is fitted to the data afterwards. The input and
    /// Tucker-2 forms state surrogates for kernels above 1x1; put beside exact errors they win layers that they should lose.
    /// </summary>
    private SplitForm[] Forms() => (options.Split, options.Reconstruction) switch
    {
        ({ } form, _) => [form],
        (_, ReconstructionMode.None) => [SplitForm.Alds],
        (_, ReconstructionMode.Local) => [SplitForm.Response],
        _ => [SplitForm.Response, SplitForm.Spatial],
    };

    private SplitCandidate Price(LinearLayer layer)
    {
        var problem = new LayerProblems(analysis, statistics).Of(layer, model.Graph);
        var isConvolved = layer.Node.OpType == "Conv";
        var alignment = options.AlignmentOf(isConvolved) ?? WidthTable.AlignmentOf(problem.Size.LargestRank, isConvolved);
        var forms = Forms();
        var spectra = forms.Contains(SplitForm.Alds) && problem.Size.LargestRank > 1 ? new AldsSpectra(problem, backend) : null;
        var axes = analysis.Relations.KnownAxes(layer.Weight);
        return new SplitCandidate(
            layer,
            SplitCurves.Of(problem with { Spectra = spectra }, forms, alignment, backend),
            problem.Size,
            (inputs, outputs) => SplitSites.SizeOf(layer, analysis, inputs, outputs),
            (axes[layer.InputAxis]!, axes[layer.OutputAxis]!),
            model.Graph.Constant(layer.Weight)!.Type.SizeInBytes(),
            lacksBias: problem.TakesMean && layer.Bias is null)
        {
            Spectra = spectra,
        };
    }
}
