using System.CommandLine;
using OnnxCompress.Samples;
using OnnxCompress.Cli.Options;
using OnnxCompress.Cli.Output;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;

namespace OnnxCompress.Cli.Verbs;

/// <summary><c>calibrate MODEL -d DATA -o STATS</c>: takes statistics where the data are, to compress elsewhere.</summary>
internal sealed class CalibrateVerb
{
    private readonly Argument<string> _model = ModelArgument.Create("MODEL", "The .onnx file.");
    private readonly Option<string> _out = new("-o", "--out") { HelpName = "STATS", Description = "The statistics file.", Required = true };
    private readonly DataOptions _data = new();
    private readonly SampleOptions _samples = new("Leaves out what compress, with the same data and seed, holds out; 0 uses every sample.");

    private readonly Option<string?> _methods = OptionFactory.Text(
        "--methods", "LIST", "Methods the statistics are for, as compress will get them. Default: that of compress.", "id", "svd");

    private readonly RunOptions _run = new();
    private readonly Option<bool> _overwrite = OptionFactory.Overwrite("STATS");
    private readonly TalkOptions _talk = new();

    /// <summary>Declares the verb.</summary>
    public static Command Create(CliContext context)
    {
        var verb = new CalibrateVerb();
        var command = new VerbCommand(
            "calibrate",
            "Takes statistics of a model's activations and writes nothing else: data can stay where they are.",
            "dotnet onnx-compress calibrate model.onnx -o model.stats -d calibration.npy --scale 0.00392157",
            "dotnet onnx-compress calibrate model.onnx -o monday.stats -d recorded/monday.npz --holdout 0");
        command.Arguments.Add(verb._model);
        command.Options.Add(verb._out);
        verb._data.AddTo(command);
        verb._samples.AddTo(command);
        command.Options.Add(verb._methods);
        verb._run.AddSeedTo(command);
        verb._run.AddTo(command);
        command.Options.Add(verb._overwrite);
        verb._talk.AddTo(command);
        command.SetAction(parsed => verb.Run(parsed, context));
        return command;
    }

    private int Run(ParseResult parsed, CliContext context)
    {
        var (path, output) = (parsed.GetValue(_model)!, parsed.GetValue(_out)!);
        var talk = _talk.Read(parsed, context);
        var data = _data.Read(parsed);
        var (samples, holdout) = (_samples.Samples(parsed), _samples.Holdout(parsed));
        var methods = MethodOptions.Methods(parsed.GetValue(_methods));
        var (seed, threads) = (_run.Seed(parsed), _run.Threads(parsed));
        if (data.Files.Count == 0)
        {
            throw Usage.Missing("Data are missing: -d PATH with the samples to take statistics from.");
        }

        var outputs = Outputs.Check(parsed.GetValue(_overwrite), new RunInputs(path) { Data = data.Files }, ("-o", output));
        var model = LoadedModel.Open(path, _run.Loading(parsed), talk);
        outputs.CheckSideFiles(model, result: null);
        using var source = data.Open(model, new OrtRuntime(), context.Cancellation);
        int[] chosen = [.. Chosen(source, holdout, seed, samples, context.Cancellation)];
        var statistics = talk.WithProgress(progress => new Compressor(new CpuBackend(threads), new OrtRuntime()).Calibrate(
            model, new SubsetSampleSource(source, chosen), new CompressionOptions { Methods = methods, Seed = seed, Threads = threads, Augmentations = _samples.Augmentations(parsed) }, progress, context.Cancellation));
        Outputs.Writing(output, () => statistics.Save(output));
        StatisticsPrinter.Print(statistics, output, data.Describe(), talk);
        return ExitCodes.Done;
    }

    private static IEnumerable<int> Chosen(FileSampleSource source, double? holdout, int seed, int samples, CancellationToken cancellation)
    {
        if (holdout is not 0)
        {
            return SampleSplit.Create(source, holdout, seed, samples, cancellation).Statistics;
        }

        return source.Count <= samples ? Enumerable.Range(0, source.Count) : SampleSplit.Choose(source, seed, samples, cancellation);
    }
}
