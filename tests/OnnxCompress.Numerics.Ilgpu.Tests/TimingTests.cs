using System.Diagnostics;
using System.Globalization;
using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Ilgpu.Tests;

/// <summary>
/// The CPU backend against the device, transfers included; printed, not judged. Runs when asked for: <c>--explicit only --output
/// Detailed</c>; ONNXCOMPRESS_TEST_SIZES is a list of sizes such as <c>1024,4096</c>.
/// </summary>
public sealed class TimingTests(ITestOutputHelper output)
{
    private const int Runs = 3;

    private static readonly CpuBackend Cpu = new();

    [Fact(Explicit = true)]
    public void Operations_on_the_CPU_and_on_the_device()
    {
        var sizes = (Environment.GetEnvironmentVariable("ONNXCOMPRESS_TEST_SIZES") ?? "256,512").Split(',').Select(size => int.Parse(size, CultureInfo.InvariantCulture));
        output.WriteLine($"{Cpu.Name} against {Devices.Asked.Name}, milliseconds, best of {Runs}");
        foreach (var n in sizes)
        {
            var a = NumericMatrices.Uniform(n, n, 1);
            var floats = NumericMatrices.ToFloat(a);
            var gram = Cpu.Gram(NumericMatrices.Uniform(2 * n, n, 2));
            var factor = Cpu.Cholesky(gram);
            Compare("product, double", n, backend => backend.Multiply(a, a));
            Compare("product, float", n, backend => backend.Multiply(1, floats, Transpose.No, floats, Transpose.No, 0, new Matrix<float>(n, n)));
            Compare("gram, float", n, backend => backend.Gram(floats));
            Compare("Cholesky", n, backend => backend.FactorCholesky(gram.Clone()));
            Compare("triangular solve", n, backend => backend.SolveTriangular(Triangle.Lower, Transpose.No, factor, a.Clone()));
            Compare("pivoted Cholesky, half", n, backend => backend.PivotedCholesky(gram, n / 2));
            Compare("leading eigenpairs, 16", n, backend => backend.TopEigen(gram, 16, new Random(1)));
        }
    }

    private void Compare(string operation, int size, Action<IDenseBackend> run)
    {
        var (cpu, device) = (Best(Cpu, run), Best(Devices.Asked, run));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{operation,-24} {size,6} {cpu,10:F1} {device,10:F1} {cpu / device,8:F2}x"));
        Assert.True(device > 0);
    }

    private static double Best(IDenseBackend backend, Action<IDenseBackend> run)
    {
        run(backend); // compiles kernels
        return Enumerable.Range(0, Runs).Min(_ =>
        {
            var start = Stopwatch.GetTimestamp();
            run(backend);
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        });
    }
}
