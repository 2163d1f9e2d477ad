using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace OnnxCompress.Fuzz;

/// <summary>
/// Fuzzes for a while: starts a worker, watches its time and memory, starts another behind an input that killed it, and
/// saves every finding with what repeats it.
/// </summary>
internal sealed class FuzzRun
{
    /// <summary>An input that takes this long hangs: the worker itself stops at less wherever it can be cancelled.</summary>
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(180);

    /// <summary>Working set of the worker, the runtime's memory included.</summary>
    private const long LargestWorkingSet = 3L << 30;

    private readonly long _seed;
    private readonly string? _target;
    private readonly string _findings;
    private readonly TimeSpan _limit;
    private readonly Stopwatch _time = Stopwatch.StartNew();
    private readonly FuzzTally _tally = new();
    private readonly SortedDictionary<string, int> _found = new(StringComparer.Ordinal);
    private long _next;
    private TimeSpan _announced;
    private int _strained;

    private FuzzRun(FuzzOptions options)
    {
        (_seed, _target, _next) = (options.Number("--seed", 0), options.Text("--target"), options.Number("--from", 0));
        _limit = TimeSpan.FromSeconds(options.Number("--seconds", 60));
        _findings = Path.GetFullPath(options.Text("--findings") ?? "fuzz-findings");
    }

    /// <summary>Runs, or repeats one input with <c>--only</c>.</summary>
    /// <returns>0 when nothing was found, else 1.</returns>
    public static int Run(string[] args)
    {
        var options = new FuzzOptions(args, "--seed", "--from", "--seconds", "--target", "--findings", "--only");
        var run = new FuzzRun(options);
        return options.Text("--only") is null ? run.Execute() : run.Repeat(options.Number("--only", 0));
    }

    private int Repeat(long number)
    {
        var fuzzing = new Fuzzing((int)_seed, _target?.Split(',') ?? []);
        var folder = Directory.CreateDirectory(_findings).FullName;
        var outcome = fuzzing.Run(number, folder);
        Console.WriteLine($"{outcome.Target} {number}: {outcome.Wrong ?? (outcome.Refused.Length > 0 ? $"refused with {outcome.Refused}" : "taken")}, {outcome.Time.TotalSeconds:F2} s, {outcome.Bytes >> 10} kB; its file is in {folder}");
        return outcome.Wrong is null ? 0 : 1;
    }

    private int Execute()
    {
        Console.WriteLine($"fuzzing: seed {_seed}, {_limit.TotalSeconds:F0} s, targets {_target ?? "all"}");
        while (_time.Elapsed < _limit)
        {
            RunWorker();
        }

        Announce("done");
        return _found.Count == 0 ? 0 : 1;
    }

    private void RunWorker()
    {
        var folder = Directory.CreateTempSubdirectory("onnx-compress-fuzz-").FullName;
        var position = Path.Combine(folder, FuzzWorker.Position);
        File.WriteAllBytes(position, BitConverter.GetBytes(-1L));
        using var worker = Start(folder);
        var killed = Watch(worker, position);
        worker.WaitForExit();
        var at = BitConverter.ToInt64(File.ReadAllBytes(position));
        if (killed is not null || worker.ExitCode != 0)
        {
            if (at < 0)
            {
                throw new InvalidOperationException("The worker ended before its first input.");
            }

            // A model is a program: one that pads by a million asks the runtime for what it then gets. That is told and no defect.
            var isProgram = killed is not null && new Fuzzing((int)_seed, _target?.Split(',') ?? []).Make(at).Target is Targets.ModelTarget;
            _strained += isProgram ? 1 : 0;
            if (isProgram)
            {
                Console.WriteLine($"strain {at}: {killed}");
            }
            else
            {
                Save(at, "worker", killed ?? $"the process ended with {worker.ExitCode}");
            }
        }

        _next = at + 1;
        Directory.Delete(folder, recursive: true);
    }

    private Process Start(string folder)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in (string[])[
            typeof(FuzzRun).Assembly.Location, "worker", "--seed", $"{_seed}", "--from", $"{_next}",
            "--seconds", $"{Math.Max(1, (long)(_limit - _time.Elapsed).TotalSeconds)}", "--folder", folder, .. _target is null ? (string[])[] : ["--target", _target]])
        {
            start.ArgumentList.Add(argument);
        }

        var worker = Process.Start(start)!;
        worker.OutputDataReceived += (_, line) => Take(line.Data);
        worker.BeginOutputReadLine();
        return worker;
    }

    private void Take(string? line)
    {
        switch (line?.Split(' ', 4))
        {
            case ["tally", ..]:
                lock (_tally)
                {
                    _tally.Add(FuzzTally.Parse(line[6..]));
                }

                break;
            case ["finding", var number, var target, var text]:
                Save(long.Parse(number, CultureInfo.InvariantCulture), target, Encoding.UTF8.GetString(Convert.FromBase64String(text)));
                break;
        }
    }

    /// <summary>Waits for the worker and kills it when it hangs or swells.</summary>
    /// <returns>Why it was killed, or null.</returns>
    private string? Watch(Process worker, string position)
    {
        var (at, since) = (-2L, Stopwatch.StartNew());
        while (!worker.WaitForExit(200))
        {
            worker.Refresh();
            var now = ReadPosition(position);
            if (now != at)
            {
                (at, since) = (now, Stopwatch.StartNew());
            }

            var why = since.Elapsed > Hang ? $"hang: no end after {Hang.TotalSeconds:F0} s"
                : !worker.HasExited && worker.WorkingSet64 > LargestWorkingSet ? $"memory: a working set of {worker.WorkingSet64 >> 20} MB"
                : null;
            if (why is not null)
            {
                worker.Kill();
                return why;
            }

            if (_time.Elapsed - _announced > TimeSpan.FromMinutes(1))
            {
                Announce("so far");
            }
        }

        return null;
    }

    private static long ReadPosition(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        stream.ReadExactly(bytes);
        return BitConverter.ToInt64(bytes);
    }

    private void Save(long number, string target, string what)
    {
        var signature = Signature(what);
        lock (_found)
        {
            _found[signature] = _found.GetValueOrDefault(signature) + 1;
            if (_found[signature] > 3)
            {
                return;
            }
        }

        Directory.CreateDirectory(_findings);
        var name = Path.Combine(_findings, $"{_seed}-{number}-{target}");
        File.WriteAllText(name + ".txt", $"fuzz --seed {_seed} --only {number}{(_target is null ? "" : $" --target {_target}")}\n{what}\n");
        Console.WriteLine($"FINDING {number} {target}: {signature}");
    }

    /// <summary>The kind of exception and the first place of ours on the stack: what makes two findings one defect.</summary>
    private static string Signature(string what)
    {
        var lines = what.Split('\n');
        var place = lines.FirstOrDefault(l => l.Contains(" at OnnxCompress.", StringComparison.Ordinal) && !l.Contains(".Fuzz.", StringComparison.Ordinal));
        return $"{lines[0].Split(':')[0]} {place?.Trim().Split('(')[0]}".Trim();
    }

    private void Announce(string when)
    {
        _announced = _time.Elapsed;
        lock (_tally)
        {
            Console.WriteLine($"{when}: {_time.Elapsed.TotalSeconds:F0} s, {_tally}; {_strained} models strained the runtime; {_found.Values.Sum()} findings of {_found.Count} kinds");
            foreach (var (signature, count) in _found)
            {
                Console.WriteLine($"  {count} x {signature}");
            }
        }
    }
}
