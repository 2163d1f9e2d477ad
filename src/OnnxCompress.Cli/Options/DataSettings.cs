using OnnxCompress.Samples;
using OnnxCompress.Models;
using OnnxCompress.Reporting;
using OnnxCompress.Running;

namespace OnnxCompress.Cli.Options;

/// <summary>Samples as the command line names them.</summary>
/// <param name="Files">The files; empty when none were given.</param>
/// <param name="Layout">What images in them are stored as.</param>
/// <param name="Preprocessing">What is done to their values.</param>
internal sealed record DataSettings(IReadOnlyList<DataFile> Files, TensorLayout Layout, Preprocessing Preprocessing)
{
    /// <summary>What a report says of it.</summary>
    public ReportedPreprocessing Describe() => ReportedPreprocessing.From(Layout, Preprocessing);

    /// <summary>Outputs that are fed back into inputs over the steps of a sequence.</summary>
    public IReadOnlyList<StateLink> States { get; init; } = [];

    /// <summary>Opens the files for a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="runtime">Runs it where states are fed back.</param>
    /// <param name="cancellation">Stops that.</param>
    public FileSampleSource Open(OnnxModel model, IModelRuntime runtime, CancellationToken cancellation) => States.Count == 0
        ? FileSampleSource.Open(Files, model.Inputs, Layout, Preprocessing)
        : RecurrentSamples.Open(model, runtime, Files, Layout, Preprocessing, States, cancellation);
}
