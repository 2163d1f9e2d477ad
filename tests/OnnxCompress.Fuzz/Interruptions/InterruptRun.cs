using System.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Fuzz.Interruptions;

/// <summary>
/// Kills the command line at random moments while it replaces an output, and looks at what is left: the old model or the
/// new one, whole, with its own weights. Runs alternate between a model in one file and one with a side file.
/// </summary>
internal sealed class InterruptRun
{
    private readonly Random _random;
    private readonly int _runs;
    private readonly string _folder = Directory.CreateTempSubdirectory("onnx-compress-interrupt-").FullName;
    private readonly List<string> _wrong = [];
    private readonly SortedDictionary<string, int> _tally = new(StringComparer.Ordinal);

    private InterruptRun(FuzzOptions options) => (_random, _runs) = (new Random((int)options.Number("--seed", 0)), (int)options.Number("--runs", 200));

    /// <summary>Runs.</summary>
    /// <returns>0 when every output was whole, else 1.</returns>
    public static int Run(string[] args)
    {
        var run = new InterruptRun(new FuzzOptions(args, "--seed", "--runs"));
        try
        {
            return run.Execute();
        }
        finally
        {
            Directory.Delete(run._folder, recursive: true);
        }
    }

    private int Execute()
    {
        Scene[] scenes = [Stage("whole", apart: false), Stage("apart", apart: true)];
        for (var i = 0; i < _runs; i++)
        {
            Interrupt(scenes[i % scenes.Length]);
        }

        foreach (var scene in scenes)
        {
            CleanUp(scene);
        }

        Console.WriteLine(FormattableString.Invariant(
            $"{_runs} runs: {string.Join(", ", _tally.Select(t => $"{t.Key} {t.Value}"))}; outputs that were neither old nor new: {_wrong.Count}"));
        _wrong.ForEach(Console.WriteLine);
        return _wrong.Count == 0 ? 0 : 1;
    }

    /// <summary>A model, two results that differ, and how long a run takes.</summary>
    private Scene Stage(string name, bool apart)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        var model = Path.Combine(folder, "model.onnx");
        var builder = new TestModel();
        builder.Input("x", "N", 64);
        builder.Gemm("f3", builder.Relu("r2", builder.Gemm("f2", builder.Relu("r1", builder.Gemm("f1", "x", 64, 1024)), 1024, 512)), 512, 8);
        builder.Output("f3", "N", 8);
        File.WriteAllBytes(model, builder.Bytes());
        if (apart)
        {
            ModelWriter.SaveApart(builder.Proto, t => t.RawData.Length > 4096, model);
        }

        var scene = new Scene(folder, model, Path.Combine(folder, "out.onnx"), new Dictionary<string, string>(StringComparer.Ordinal));
        foreach (var keep in (string[])["0.6", "0.4"])
        {
            var time = Stopwatch.StartNew();
            using var process = Start(scene, keep);
            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException($"A run that nobody interrupts ends with {process.ExitCode}.");
            }

            scene.Known[OnnxModel.Load(scene.Output).SourceSha256] = keep;
            scene.Duration = time.Elapsed;
        }

        return scene;
    }

    private void Interrupt(Scene scene)
    {
        var before = OnnxModel.Load(scene.Output).SourceSha256;
        var keep = scene.Known[before] == "0.6" ? "0.4" : "0.6";
        using var process = Start(scene, keep);
        // Half of the kills fall anywhere, half at the first sign of writing, where a fault would show.
        if (_random.Next(2) == 0)
        {
            process.WaitForExit(_random.Next(1 + (int)scene.Duration.TotalMilliseconds));
        }
        else
        {
            while (!process.HasExited && !Directory.EnumerateFiles(scene.Folder, "*.tmp").Any(f => new FileInfo(f) is { Exists: true, Length: > 0 }))
            {
                Thread.Yield();
            }

            Thread.Sleep(TimeSpan.FromMicroseconds(_random.Next(3000)));
        }

        var ended = process.HasExited;
        process.Kill();
        process.WaitForExit();
        Note(scene, before, ended);
    }

    private void Note(Scene scene, string before, bool ended)
    {
        string what;
        try
        {
            var after = OnnxModel.Load(scene.Output).SourceSha256;
            what = after == before ? "old" : scene.Known.ContainsKey(after) ? "new" : "unknown";
        }
        catch (Diagnostics.OnnxCompressException broken)
        {
            what = $"broken ({broken.Message})";
        }

        var left = Directory.EnumerateFiles(scene.Folder, "*.tmp").Any() ? ", left temporary files" : "";
        var key = $"{Path.GetFileName(scene.Folder)}: {(ended ? "ended before the kill" : "killed")}, {what}{left}";
        _tally[key] = _tally.GetValueOrDefault(key) + 1;
        if (what is not ("old" or "new"))
        {
            _wrong.Add(key);
        }
    }

    /// <summary>A last run that nobody interrupts must leave the output and its side file alone.</summary>
    private void CleanUp(Scene scene)
    {
        using var process = Start(scene, "0.6");
        process.WaitForExit();
        string[] allowed = ["model.onnx", "model.onnx.data", "out.onnx", "out.onnx.data"];
        foreach (var file in Directory.EnumerateFiles(scene.Folder).Where(f => !allowed.Contains(Path.GetFileName(f))))
        {
            _wrong.Add($"{file} was left behind");
        }

        if (scene.Known.GetValueOrDefault(OnnxModel.Load(scene.Output).SourceSha256) != "0.6")
        {
            _wrong.Add($"{scene.Output} is not what an undisturbed run makes");
        }
    }

    private static Process Start(Scene scene, string keep)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[
            Path.Combine(AppContext.BaseDirectory, "dotnet-onnx-compress.dll"), "compress", scene.Model, "-o", scene.Output, "--overwrite", "--keep-params", keep,
            "--methods", "id", "--reconstruct", "none", "--threads", "1", "--target", "any", "--quiet"])
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>One output that runs fight over.</summary>
    /// <param name="Folder">Where everything lies.</param>
    /// <param name="Model">What is compressed.</param>
    /// <param name="Output">What is replaced.</param>
    /// <param name="Known">The results by their hash.</param>
    private sealed record Scene(string Folder, string Model, string Output, Dictionary<string, string> Known)
    {
        /// <summary>How long a run takes that nobody interrupts.</summary>
        public TimeSpan Duration { get; set; }
    }
}
