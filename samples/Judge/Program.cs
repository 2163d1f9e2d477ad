// A judge for --judge: how much of the original's accuracy, averaged over classes, a candidate keeps.
//
//   onnx-compress compress MODEL -d CALIBRATION.npy -o OUT.onnx --keep-macs 0.6 --min-agreement 0.98 --judge "dotnet judge-sample.dll TEST.npy LABELS.npy"
//
// The tool adds two arguments, the original's path and the candidate's, and reads one JSON object from stdout. What is printed to
// stderr stands in the error when something goes wrong.
using System.Globalization;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Running;
using OnnxCompress.Samples;

if (args.Length != 4)
{
    Console.Error.WriteLine("Usage: judge-sample TEST LABELS ORIGINAL CANDIDATE");
    return 2;
}

try
{
    var labels = LabelFile.Read(args[1]);
    var (original, candidate) = (Accuracy(args[2], args[0], labels), Accuracy(args[3], args[0], labels));
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $$"""{"score": {{candidate / original}}, "original": {{original}}, "candidate": {{candidate}}}"""));
    return 0;
}
catch (OnnxCompressException failed)
{
    Console.Error.WriteLine(failed.Message);
    return 1;
}

// Classes that are rare in the test data count as much as others: what one number over all samples would hide.
static double Accuracy(string path, string data, IReadOnlyList<long> labels)
{
    var model = OnnxModel.Load(path);
    var preprocessing = new Preprocessing(Scale: 1 / 255.0, Mean: [], Std: []);
    using var samples = FileSampleSource.Open([new(data)], model.Inputs, TensorLayout.Nchw, preprocessing);
    using var session = new OrtRuntime().Open(model, new SessionSettings(Threads: 1, Spin: false));
    var right = new Dictionary<long, (int Right, int All)>();
    for (var i = 0; i < samples.Count; i++)
    {
        using var run = session.Run(samples.Read([i]), [model.Outputs[0].Name], CancellationToken.None);
        var scores = run.Values<float>(0);
        var answer = 0;
        for (var c = 1; c < scores.Length; c++)
        {
            answer = scores[c] > scores[answer] ? c : answer;
        }

        var (rights, all) = right.GetValueOrDefault(labels[i]);
        right[labels[i]] = (rights + (answer == labels[i] ? 1 : 0), all + 1);
    }

    return right.Values.Average(c => (double)c.Right / c.All);
}
