using OnnxCompress.Forms;
using OnnxCompress.Precision;
using OnnxCompress.Samples;

namespace OnnxCompress;

/// <summary>What puts the models of a run into other numbers.</summary>
internal static class Quantizers
{
    /// <summary>The quantizer for what the user said; null for models that keep their numbers.</summary>
    /// <param name="tools">What it works with.</param>
    /// <param name="prepared">The model that plans are for.</param>
    /// <param name="samples">Calibration data.</param>
    /// <param name="options">What the user said.</param>
    /// <param name="cancellation">Stops the run.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX6004: the operator set is too old.</exception>
    public static ModelQuantizer? Of(PipelineTools tools, PreparedModel prepared, ISampleSource samples, CompressionOptions options, CancellationToken cancellation)
    {
        var (form, target) = (StageOptions.Precision(options), StageOptions.Target(options));
        if (form == NumberForm.Float)
        {
            return null;
        }

        ModelQuantizer.Check(prepared.Model, form);
        // What any processor shall run is asked of none.
        var grid = form == NumberForm.Float16 || target == RunTarget.Any ? new WeightGrid(WeightGrid.Reduced) : SaturationProbe.GridFor(tools.Runtime, prepared.Model, cancellation);
        var hasData = samples is not RandomSampleSource;
        return new ModelQuantizer(
            tools.Runtime, tools.Backend, samples, hasData,
            new QuantizerOptions(StageOptions.Reconstruction(options), grid)
            {
                Form = form,
                Target = target,
                IsSelected = prepared.Analysis.IsSelected,
                Progress = tools.Watch,
            }.For(options.Reconstruction))
        {
            Statistics = hasData ? null : options.Statistics,
        };
    }
}
