using System.Diagnostics;
using System.Globalization;
using OnnxCompress.Numerics;

namespace OnnxCompress.Benchmarks.Lapack;

/// <summary>
/// Times our operations against numpy and scipy on OpenBLAS: same inputs, same number of threads, one run of each in turn,
/// medians. Residuals of both sides are computed by the Python side in the same formulas.
/// </summary>
public static class LapackComparison
{
    // OpenBLAS threads spin for some 30 ms after a call; the other side's turn begins when they have gone to sleep.
    private const int SettleMilliseconds = 100;

    /// <summary>Runs the comparison.</summary>
    /// <param name="args">Any of <c>--threads N</c>, <c>--repeats N</c>, <c>--python PATH</c>, <c>--only TEXT</c>.</param>
    /// <returns>0: done or skipped with a reason; 3: an accepted ratio is exceeded.</returns>
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        var threads = int.Parse(Option(args, "--threads", "2"), CultureInfo.InvariantCulture);
        var repeats = int.Parse(Option(args, "--repeats", "7"), CultureInfo.InvariantCulture);
        var only = Option(args, "--only", "");
        var script = Path.Combine(AppContext.BaseDirectory, "Lapack", "lapack_comparison.py");
        using var lapack = LapackProcess.Start(Option(args, "--python", "/usr/bin/python3"), script, threads, out var reason);
        if (lapack is null)
        {
            Console.WriteLine($"skipped: {reason}");
            return 0;
        }

        var backend = new CpuBackend(threads);
        var folder = Directory.CreateTempSubdirectory("lapack-comparison").FullName;
        Console.WriteLine($"{backend.Name} against {lapack.Greeting}, {repeats} runs each in turn, medians in ms");
        Console.WriteLine("| case | size | ours | OpenBLAS | ratio | limit | residuals ours | residuals OpenBLAS |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        var exceeded = LapackCase.All().Where(candidate => candidate.Name.Contains(only, StringComparison.Ordinal))
            .Count(candidate => !Compare(candidate, backend, lapack, folder, repeats));
        Directory.Delete(folder, recursive: true);
        return exceeded == 0 ? 0 : 3;
    }

    private static bool Compare(LapackCase comparison, CpuBackend backend, LapackProcess lapack, string folder, int repeats)
    {
        var input = comparison.Input(comparison.Rows, comparison.Columns);
        LapackCase.Write(folder, "input", input.Values.ToArray());
        lapack.Ask($"load {comparison.Name} {folder} {comparison.Rows} {comparison.Columns}");
        var operation = comparison.Prepare(backend, input);
        var results = operation();
        for (var warm = 0; warm < 3; warm++)
        {
            results = operation(); // tiered compilation
        }

        lapack.Ask("time");
        var (ours, theirs) = (new double[repeats], new double[repeats]);
        for (var run = 0; run < repeats; run++)
        {
            Thread.Sleep(SettleMilliseconds);
            var clock = Stopwatch.StartNew();
            results = operation();
            ours[run] = clock.Elapsed.TotalMilliseconds;
            Thread.Sleep(SettleMilliseconds);
            theirs[run] = double.Parse(lapack.Ask("time"), CultureInfo.InvariantCulture);
        }

        foreach (var (name, values) in results())
        {
            LapackCase.Write(folder, name, values);
        }

        var ratio = Median(ours) / Median(theirs);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {comparison.Name} | {comparison.Rows} x {comparison.Columns} | {Median(ours):f1} | {Median(theirs):f1} | {ratio:f2} | {comparison.Limit} | {lapack.Ask("residual-of " + folder)} | {lapack.Ask("residual")} |"));
        return double.IsNaN(comparison.Limit) || ratio <= comparison.Limit;
    }

    private static double Median(double[] times)
    {
        var sorted = times.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    private static string Option(string[] args, string name, string fallback)
    {
        var index = Array.IndexOf(args, name);
        return index >= 0 && index + 1 < args.Length ? args[index + 1] : fallback;
    }
}
