using System.Diagnostics;
using System.Globalization;
using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Benchmarks.Pipeline;

/// <summary>
/// What calibration costs: the time of taking all Gram statistics of ResNet-20 on 1,000 images against plain inference
/// on the same images with the same threads and batch, in turns, medians.
/// </summary>
public static class CalibrationCost
{
    private const int Images = 1000;
    private const int BatchSize = 16;
    private const int Repeats = 7;

    /// <summary>Runs the benchmark.</summary>
    /// <returns>0.</returns>
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        using var shared = SharedCase.Resnet20();
        if (shared is null)
        {
            return 0;
        }

        var threads = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : Environment.ProcessorCount;
        var runtime = new OrtRuntime();
        var samples = shared.Calibration(Images);
        var shapes = ShapeObserver.Observe(runtime, shared.Model, samples.Read([0]), CancellationToken.None);
        var taps = DependencyAnalyzer.Analyze(shared.Model, shapes).Groups.SelectMany(g => g.ConsumerLayers).Select(ChannelTap.Of).ToArray();
        var (plain, calibration) = (new double[Repeats], new double[Repeats]);
        for (var repeat = 0; repeat < Repeats; repeat++)
        {
            plain[repeat] = Time(() => Infer(runtime, shared, samples, threads));
            calibration[repeat] = Time(() => new Calibrator(runtime, threads, BatchSize).Run(
                shared.Model, shapes, taps, samples, null, null, CancellationToken.None));
        }

        var ratio = Median([.. calibration.Zip(plain, (c, p) => c / p)]);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Images} images, {threads} threads, {taps.Length} taps: inference {Median(plain):F3} s, calibration {Median(calibration):F3} s, ratio {ratio:F2} (medians of {Repeats} pairs)"));
        return 0;
    }

    private static void Infer(OrtRuntime runtime, SharedCase shared, SubsetSampleSource samples, int threads)
    {
        using var session = runtime.Open(shared.Model, new SessionSettings(threads));
        string[] outputs = [.. shared.Model.Outputs.Select(o => o.Name)];
        foreach (var (indices, _) in SampleBatches.Of(samples.Count, shared.Model.Inputs, BatchSize))
        {
            using var result = session.Run(samples.Read(indices), outputs, CancellationToken.None);
        }
    }

    private static double Time(Action work)
    {
        var start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Median(double[] values)
    {
        Array.Sort(values = (double[])values.Clone());
        return values[values.Length / 2];
    }
}
