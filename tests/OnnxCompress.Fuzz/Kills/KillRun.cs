using System.Diagnostics;

namespace OnnxCompress.Fuzz.Kills;

/// <summary>
/// Kills commands and builds at random moments, as <c>kill -9</c> does. After each kill every result must be absent or whole;
/// after the next run that nobody disturbs it must be the right one, and nothing else may lie about. Of a build only dotnet is
/// killed, and the run of the tool that it leaves must end.
/// </summary>
internal sealed class KillRun
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(40);

    private readonly Random _random;
    private readonly int _runs;
    private readonly string[] _names;
    private readonly string _root = Directory.CreateTempSubdirectory("onnx-compress-kill-").FullName;
    private readonly List<string> _wrong = [];
    private readonly SortedDictionary<string, int> _tally = new(StringComparer.Ordinal);

    private KillRun(FuzzOptions options)
    {
        (_random, _runs) = (new Random((int)options.Number("--seed", 0)), (int)options.Number("--runs", 200));
        _names = options.Text("--scene")?.Split(',') ?? [];
    }

    /// <summary>Runs.</summary>
    /// <returns>0 when nothing was lost and nothing was left, else 1.</returns>
    public static int Run(string[] args)
    {
        var run = new KillRun(new FuzzOptions(args, "--seed", "--runs", "--scene"));
        try
        {
            return run.Execute();
        }
        finally
        {
            Directory.Delete(run._root, recursive: true);
        }
    }

    private int Execute()
    {
        var scenes = KillScenes.Create(_root, _names);
        foreach (var scene in scenes)
        {
            scene.Learn();
            Console.WriteLine(FormattableString.Invariant($"{scene.Name}: {scene.Duration.TotalSeconds:F1} s undisturbed"));
        }

        for (var i = 0; i < _runs; i++)
        {
            Kill(scenes[i % scenes.Length]);
            if ((i + 1) % 20 == 0)
            {
                Console.WriteLine($"{i + 1} of {_runs} kills, {_wrong.Count} findings");
            }
        }

        foreach (var scene in scenes)
        {
            Follow(scene);
        }

        _wrong.AddRange(Directory.EnumerateFileSystemEntries(Path.Combine(_root, "tmp"), "onnx-compress*").Select(path => $"{path} was left behind"));
        Console.WriteLine($"{_runs} kills: {string.Join(", ", _tally.Select(t => $"{t.Key} {t.Value}"))}; findings: {_wrong.Count}");
        _wrong.ForEach(Console.WriteLine);
        return _wrong.Count == 0 ? 0 : 1;
    }

    private void Kill(KillScene scene)
    {
        scene.Next = 1 - scene.Next;
        scene.Prepare(scene.Next);
        using var process = scene.Start(scene.Next);
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Wait(scene, process);
        var ended = process.HasExited;
        var unfinished = !ended && scene.IsWriting();
        process.Kill();
        process.WaitForExit();
        Count($"{scene.Name}: {(ended ? "ended before" : unfinished ? "killed while writing" : "killed")}");
        if (scene.Name != "build")
        {
            _wrong.AddRange(scene.Broken());
            return;
        }

        if (!SpinWait.SpinUntil(() => Orphans(scene) == 0, Farewell))
        {
            _wrong.Add("build: a run of the tool goes on without its build");
        }

        // The other model: what the killed build left must not be taken for its result.
        scene.Next = 1 - scene.Next;
        Follow(scene);
    }

    // Half of the kills fall anywhere, half at the first sign of writing, where a fault would show.
    private void Wait(KillScene scene, Process process)
    {
        if (_random.Next(2) == 0)
        {
            process.WaitForExit(_random.Next(1 + (int)scene.Duration.TotalMilliseconds));
            return;
        }

        while (!process.HasExited && !scene.IsWriting())
        {
            Thread.Sleep(1);
        }

        Thread.Sleep(TimeSpan.FromMicroseconds(_random.Next(3000)));
    }

    private void Follow(KillScene scene)
    {
        try
        {
            scene.RunWhole(scene.Next);
            _wrong.AddRange(scene.Wrong(scene.Next));
        }
        catch (InvalidOperationException failed)
        {
            _wrong.Add(failed.Message);
        }
    }

    private static int Orphans(KillScene scene) => !Directory.Exists("/proc") ? 0 : Directory.EnumerateDirectories("/proc").Count(path =>
    {
        try
        {
            return char.IsAsciiDigit(Path.GetFileName(path)[0]) && File.ReadAllText(Path.Combine(path, "cmdline")).Contains("@" + scene.Folder, StringComparison.Ordinal);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    });

    private void Count(string what) => _tally[what] = _tally.GetValueOrDefault(what) + 1;
}
