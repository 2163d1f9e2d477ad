using System.Globalization;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using OnnxCompress.Models;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Samples;

namespace OnnxCompress.Benchmarks.Pipeline;

/// <summary>
/// Where the runtime spends the time of a model: kinds of nodes, then single nodes, of one thread and one sample. Several models
/// are profiled one after the other, for the original beside what was made of it.
/// </summary>
public static class NodeProfile
{
    private const int WarmUps = 20, Runs = 200, Longest = 25;

    /// <summary>Runs the benchmark.</summary>
    /// <param name="args">Paths of models.</param>
    /// <returns>0; 2 without a path.</returns>
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        if (args.Length == 0)
        {
            Console.Error.WriteLine("profile MODEL...");
            return 2;
        }

        foreach (var path in args)
        {
            Profile(path);
        }

        return 0;
    }

    private static void Profile(string path)
    {
        // Opens the runtime as every run does.
        _ = new OrtRuntime().Version;
        var model = OnnxModel.Load(path);
        var samples = new RandomSampleSource(model.Inputs, 1, 1, new Dictionary<string, IReadOnlyList<long>>(StringComparer.Ordinal));
        var feeds = samples.Read([0]);
        var folder = Directory.CreateTempSubdirectory("profile");
        try
        {
            using var options = new SessionOptions
            {
                IntraOpNumThreads = 1, ProfileOutputPathPrefix = Path.Combine(folder.FullName, "p"), EnableProfiling = true, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
            };
            using var session = new InferenceSession(model.ToBytes(), options);
            var inputs = feeds.Zip(model.Inputs).ToDictionary(f => f.Second.Name, f => ValueOf(f.First), StringComparer.Ordinal);
            using var run = new RunOptions();
            for (var i = 0; i < WarmUps + Runs; i++)
            {
                using var results = session.Run(run, inputs, [.. model.Outputs.Select(o => o.Name)]);
            }

            Print(path, Events(session.EndProfiling()));
            foreach (var value in inputs.Values)
            {
                value.Dispose();
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static OrtValue ValueOf(HostTensor tensor)
    {
        long[] shape = [.. tensor.Dims];
        return tensor.Values switch
        {
            float[] values => OrtValue.CreateTensorValueFromMemory(values, shape),
            int[] values => OrtValue.CreateTensorValueFromMemory(values, shape),
            long[] values => OrtValue.CreateTensorValueFromMemory(values, shape),
            _ => throw new NotSupportedException($"{tensor.Type}"),
        };
    }

    /// <summary>Of each node the quicker half of its runs: what else the machine does only adds time.</summary>
    private static (string Name, string Op, string Shapes, double Micros)[] Events(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(file));
        var kernels = document.RootElement.EnumerateArray()
            .Where(e => e.GetProperty("cat").GetString() == "Node" && e.GetProperty("name").GetString()!.EndsWith("_kernel_time", StringComparison.Ordinal))
            .Select(e => (Name: e.GetProperty("name").GetString()![..^12], Op: e.GetProperty("args").GetProperty("op_name").GetString()!, Shapes: Shapes(e.GetProperty("args")), Micros: e.GetProperty("dur").GetDouble()))
            .ToArray();
        return kernels.GroupBy(k => k.Name, StringComparer.Ordinal).Select(g =>
        {
            var times = g.Skip(WarmUps).Select(k => k.Micros).Order().ToArray();
            return (Name: g.Key, g.First().Op, g.First().Shapes, Micros: times.Take(Math.Max(1, times.Length / 2)).Average());
        }).ToArray();
    }

    private static string Shapes(JsonElement args)
    {
        static string Of(JsonElement list) => string.Join(' ', list.EnumerateArray().SelectMany(t => t.EnumerateObject()).Select(t => t.Value.ToString()));
        return $"{Of(args.GetProperty("input_type_shape"))} -> {Of(args.GetProperty("output_type_shape"))}";
    }

    private static void Print(string path, (string Name, string Op, string Shapes, double Micros)[] all)
    {
        var sum = all.Sum(n => n.Micros);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(path)}: {sum:F0} us in {all.Length} nodes"));
        foreach (var kind in all.GroupBy(n => n.Op, StringComparer.Ordinal).OrderByDescending(g => g.Sum(n => n.Micros)))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {kind.Key,-22} {kind.Count(),4} {kind.Sum(n => n.Micros),9:F0} us {kind.Sum(n => n.Micros) / sum,7:P1}"));
        }

        foreach (var (name, op, shapes, micros) in all.OrderByDescending(n => n.Micros).Take(Longest))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    {micros,8:F1} {op,-18} {name}  {shapes}"));
        }
    }
}
