using OnnxCompress.Models;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Tests.Testing;

/// <summary>Runs models in ONNX Runtime on seeded random inputs, one thread, without the runtime's own optimisations.</summary>
internal static class ModelRunner
{
    /// <summary>The runtime that all tests use.</summary>
    public static OrtRuntime Runtime { get; } = new();

    /// <summary>
    /// Seeded normal samples for every input of a model, which the pipeline takes for the user's data; dynamic dimensions
    /// other than the batch have the size given.
    /// </summary>
    public static ISampleSource Samples(OnnxModel model, int count = 32, int seed = 7, int dynamicSize = 5) => new SubsetSampleSource(
        new RandomSampleSource(model.Inputs, count, seed, model.Inputs.ToDictionary(
            i => i.Name, i => (IReadOnlyList<long>)[.. i.Dims!.Select(d => d.Value ?? dynamicSize)], StringComparer.Ordinal)),
        [.. Enumerable.Range(0, count)]);

    /// <summary>All outputs for the first samples.</summary>
    public static IReadOnlyList<OutputTensor> Run(OnnxModel model, ISampleSource? samples = null, int count = 8, bool optimize = false, IReadOnlyList<string>? outputs = null)
    {
        samples ??= Samples(model);
        using var session = Runtime.Open(model, new SessionSettings(Threads: 1, Optimize: optimize, Spin: false));
        var names = outputs ?? [.. model.Outputs.Select(o => o.Name)];
        using var result = session.Run(samples.Read(SampleBatches.Of(Math.Min(count, samples.Count), model.Inputs, count).First().Indices), names, TestContext.Current.CancellationToken);
        return [.. names.Select((name, i) => OutputTensor.Of(name, result, i))];
    }
}
