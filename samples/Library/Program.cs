// Compresses a model from code: load, calibrate, compress, prove, save, report.
//
//   dotnet run --project samples/Library -c Release -- MODEL CALIBRATION.npy TEST.npy OUT.onnx
using OnnxCompress;
using OnnxCompress.Allocation;
using OnnxCompress.Samples;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Reporting;
using OnnxCompress.Verification;

if (args.Length != 4)
{
    Console.Error.WriteLine("Usage: library-sample MODEL CALIBRATION TEST OUT");
    return 2;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};

try
{
    // What the app does to its inputs, here bytes to [0, 1], is declared once and used for all data.
    var preprocessing = new Preprocessing(Scale: 1 / 255.0, Mean: [], Std: []);
    var model = OnnxModel.Load(args[0]);
    using var calibration = FileSampleSource.Open([new(args[1])], model.Inputs, TensorLayout.Nchw, preprocessing);
    using var test = FileSampleSource.Open([new(args[2])], model.Inputs, TensorLayout.Nchw, preprocessing);

    // The engine and the linear algebra are passed in: another runtime or device is another argument.
    var runtime = new OrtRuntime();
    var compressor = new Compressor(new CpuBackend(), runtime);
    var options = new CompressionOptions { Budget = new Budget(KeepMacs: 0.6), Seed = 7 };
    var result = compressor.Compress(model, calibration, options, progress: null, stop.Token);

    foreach (var site in result.Sites)
    {
        // Channels that stay, or the rank of a layer that became two thin ones.
        var stays = site.Kept is { } kept ? $"{kept} of {site.Of} channels" : $"rank {site.Rank} of {site.Of}";
        Console.WriteLine($"{site.Site}: {stays}, error {site.MeasuredError:F4}");
    }

    foreach (var refusal in result.Refused)
    {
        Console.WriteLine($"{refusal.Code} {refusal.Reason}");
    }

    // Nothing is written before the proof on samples that were not calibrated on.
    var proof = new ModelVerifier(runtime).Verify(model, result.Model, test, new VerificationOptions(), progress: null, stop.Token);
    Console.WriteLine($"{result.Original.Macs:N0} MACs became {result.Compressed.Macs:N0}, {result.Original.Bytes:N0} bytes became {result.Compressed.Bytes:N0}");
    Console.WriteLine($"{proof.Agreement:P2} of {proof.Samples:N0} decisions are the same, at least {proof.AgreementLower95:P2} with 95% confidence");
    if (proof.AgreementLower95 < 0.9)
    {
        Console.Error.WriteLine("That is too little: nothing was written.");
        return 3;
    }

    result.Model.Save(args[3]);

    // The report of the command line: .html and .md are other formats of the same.
    var report = result.ToReport(proof, test, seed: options.Seed, preprocessing: ReportedPreprocessing.From(TensorLayout.Nchw, preprocessing));
    File.WriteAllText(Path.ChangeExtension(args[3], ".json"), ReportText.For(".json", report));
    return 0;
}
catch (OnnxCompressException refused)
{
    // Bad models and bad data come with a code, and docs/errors.md has the cure of each.
    Console.Error.WriteLine(refused.Diagnostic);
    return 1;
}
catch (OperationCanceledException)
{
    return 130;
}
