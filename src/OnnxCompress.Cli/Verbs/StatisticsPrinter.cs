using OnnxCompress.Calibration;
using OnnxCompress.Cli.Output;
using OnnxCompress.Reporting;

namespace OnnxCompress.Cli.Verbs;

/// <summary>Says what a statistics file that was just written holds.</summary>
internal static class StatisticsPrinter
{
    /// <summary>Prints.</summary>
    public static void Print(CalibrationStatistics statistics, string path, ReportedPreprocessing? preprocessing, Talk talk)
    {
        var report = new StatisticsReport
        {
            Tool = ToolVersion.Text,
            ModelSha256 = statistics.ModelSha256,
            Samples = statistics.Samples,
            DistinctSamples = statistics.DistinctSamples,
            Places = statistics.Places,
            RangedTensors = statistics.RangedTensors,
            Bytes = new FileInfo(path).Length,
            Preprocessing = preprocessing,
        };
        if (talk.Json)
        {
            talk.ResultJson(ReportJson.Write(report));
            return;
        }

        talk.Result($"{path}: {Figures.Count(report.Samples)} samples at {Figures.Count(report.Places)} places of the model, ranges of {Figures.Count(report.RangedTensors)} tensors, {Figures.Bytes(report.Bytes)}");
    }
}
