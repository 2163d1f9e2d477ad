using System.Diagnostics;
using System.Globalization;
using OnnxCompress.Numerics;
using OnnxCompress.Numerics.Ilgpu;
using OnnxCompress.Numerics.Ilgpu.Operations;
using OnnxCompress.Testing;

namespace OnnxCompress.Benchmarks.Gpu;

/// <summary>
/// Products on a device against the CPU backend and the cuBLAS of the machine, without copies, and the solve of a wide
/// layer end to end, with them. Prints what was measured; a device that is absent is said to be absent.
/// </summary>
internal static class GpuComparison
{
    private const int Repeats = 5;

    /// <summary><c>gpu [--device cuda|opencl|ilgpu-cpu] [--sizes 1024,2048,4096] [--layer 4096]</c>, or <c>gpu cublas SIZE</c> for one size of the other side.</summary>
    public static int Run(string[] args)
    {
        if (args is ["cublas", var size])
        {
            return CublasTimes.Run(int.Parse(size, CultureInfo.InvariantCulture));
        }

        using var device = Open(Value(args, "--device", "cuda"));
        if (device is null)
        {
            return 0;
        }

        var cpu = new CpuBackend();
        Console.WriteLine($"{device.Name} against {cpu.Name}; milliseconds, best of {Repeats}; products without copies\n");
        Console.WriteLine("| product | n | CPU | device | cuBLAS | device / cuBLAS speed |\n|---|---|---|---|---|---|");
        foreach (var n in Value(args, "--sizes", "1024,2048,4096").Split(',').Select(text => int.Parse(text, CultureInfo.InvariantCulture)))
        {
            var cublas = device.IsCuda ? AskCublas(n) : (Float: double.NaN, Double: double.NaN);
            Row("float", n, CpuFloat(cpu, n), DeviceFloat(device.Device, n), cublas.Float);
            Row("double", n, CpuDouble(cpu, n), DeviceDouble(device.Device, n), cublas.Double);
        }

        var width = int.Parse(Value(args, "--layer", "4096"), CultureInfo.InvariantCulture);
        var (there, here) = (Layer(device, width), Layer(cpu, width));
        Console.WriteLine($"\nA layer of {width} x {width}, Gram of {2 * width} rows, four ridges with their errors, weights back: device {there:F0} ms, CPU {here:F0} ms, {here / there:F1} times as fast.");
        return 0;
    }

    private static IlgpuBackend? Open(string name)
    {
        try
        {
            return IlgpuProvider.Open(name, new IlgpuBackendOptions { SmallestWork = 0 });
        }
        catch (NumericException absent)
        {
            Console.WriteLine($"Skipped: {absent.Message}");
            return null;
        }
    }

    private static void Row(string type, int n, double cpu, double device, double cublas) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {type} | {n} | {cpu:F2} | {device:F2} | {cublas:F2} | {cublas / device:F2} |"));

    private static double CpuFloat(CpuBackend cpu, int n)
    {
        var (a, c) = (NumericMatrices.ToFloat(NumericMatrices.Uniform(n, n, 1)), new Matrix<float>(n, n));
        return Best(() => cpu.Multiply(1, a, Transpose.No, a, Transpose.No, 0, c));
    }

    private static double CpuDouble(CpuBackend cpu, int n)
    {
        var (a, c) = (NumericMatrices.Uniform(n, n, 1), new Matrix<double>(n, n));
        return Best(() => cpu.Multiply(1, a, Transpose.No, a, Transpose.No, 0, c));
    }

    private static double DeviceFloat(IlgpuDevice device, int n)
    {
        using var a = device.Upload<float>(NumericMatrices.ToFloat(NumericMatrices.Uniform(n, n, 1)).Values);
        using var c = device.Take<double>((long)n * n);
        return OnDevice(c, () => device.Multiply(IlgpuDevice.Whole(a, n, n), IlgpuDevice.Whole(a, n, n), IlgpuDevice.Whole(c, n, n)));
    }

    private static double DeviceDouble(IlgpuDevice device, int n)
    {
        using var a = device.Upload<double>(NumericMatrices.Uniform(n, n, 1).Values);
        using var c = device.Take<double>((long)n * n);
        return OnDevice(c, () => device.Multiply(1, IlgpuDevice.Whole(a, n, n), IlgpuDevice.Whole(a, n, n), 0, IlgpuDevice.Whole(c, n, n)));
    }

    // Reading one entry waits for what is queued.
    private static double OnDevice(DeviceBuffer<double> result, Action run) => Best(() =>
    {
        run();
        result.Read(new double[1]);
    });

    private static double Layer(IDenseBackend backend, int width)
    {
        var samples = NumericMatrices.ToFloat(NumericMatrices.Uniform(2 * width, width, 1));
        var cross = NumericMatrices.Uniform(width, width, 2);
        return Best(
            () =>
            {
                var normal = backend.Gram(samples);
                using var chain = backend.OpenChain(double.MaxValue);
                var problem = new RidgeProblem(chain, normal, cross, chain.Put(new Matrix<double>(width, width)));
                var judge = new RidgeJudge(chain, normal, cross, 1);
                foreach (var relative in new[] { 1e-3, 1e-2, 1e-1, 1 })
                {
                    using var weights = problem.Solve(RidgeProblem.RelativeLambda(normal, relative))!;
                    judge.ErrorOf(weights);
                }

                using var final = problem.Solve(RidgeProblem.RelativeLambda(normal, 1e-2))!;
                chain.Read(final, new Matrix<double>(width, width));
            },
            repeats: 2);
    }

    private static double Best(Action run, int repeats = Repeats)
    {
        run(); // kernels are compiled, memory is touched
        var best = double.PositiveInfinity;
        for (var repeat = 0; repeat < repeats; repeat++)
        {
            var started = Stopwatch.GetTimestamp();
            run();
            best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        return best;
    }

    /// <summary>A process of its own: two users of a device in one process share a context and its state.</summary>
    private static (double Float, double Double) AskCublas(int n)
    {
        string[] self = Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal) ? [Environment.GetCommandLineArgs()[0]] : [];
        var start = new ProcessStartInfo(Environment.ProcessPath, [.. self, "gpu", "cublas", n.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var answer = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        if (process.ExitCode != 0 || answer.Split(' ') is not [var single, var full])
        {
            Console.Error.WriteLine($"cuBLAS: {answer}");
            return (double.NaN, double.NaN);
        }

        return (double.Parse(single, CultureInfo.InvariantCulture), double.Parse(full, CultureInfo.InvariantCulture));
    }

    private static string Value(string[] args, string name, string otherwise) => Array.IndexOf(args, name) is var at && at >= 0 && at + 1 < args.Length ? args[at + 1] : otherwise;
}
