using OnnxCompress.Samples;
using OnnxCompress.Models;
using OnnxCompress.Reporting;

namespace OnnxCompress.Cli.Options;

/// <summary>Samples as the command line names them.</summary>
/// <param name="Files">The files; empty when none were given.</param>
/// <param name="Layout">What images in them are stored as.</param>
/// <param name="Preprocessing">What is done to their values.</param>
internal sealed record DataSettings(IReadOnlyList<DataFile> Files, TensorLayout Layout, Preprocessing Preprocessing)
{
    /// <summary>What a report says of it.</summary>
    public ReportedPreprocessing Describe() => ReportedPreprocessing.From(Layout, Preprocessing);

    /// <summary>Opens the files for a model.</summary>
    public FileSampleSource Open(OnnxModel model) => FileSampleSource.Open(Files, model.Inputs, Layout, Preprocessing);
}
