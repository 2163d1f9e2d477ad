using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace OnnxCompress.Benchmarks.Gpu;

/// <summary>The machine's cuBLAS on square products, called through its C interface; prints milliseconds for float and double.</summary>
internal static unsafe class CublasTimes
{
    private const int Repeats = 5;

    // CUBLAS_PEDANTIC_MATH: no reduced precision, no tensor cores for floats.
    private const int PedanticMath = 2;

    private static readonly string[] RuntimeNames = ["libcudart.so.13", "libcudart.so.12", "libcudart.so", "cudart64_12.dll"];
    private static readonly string[] BlasNames = ["libcublas.so.13", "libcublas.so.12", "libcublas.so", "cublas64_12.dll"];

    /// <summary>Measures one size.</summary>
    /// <returns>0, or 1 with a line that says what is missing.</returns>
    public static int Run(int n)
    {
        if (Load(RuntimeNames) is not { } runtime || Load(BlasNames) is not { } blas)
        {
            Console.WriteLine($"neither of {string.Join(", ", RuntimeNames.Concat(BlasNames))} is complete here");
            return 1;
        }

        var allocate = (delegate* unmanaged<nint*, nuint, int>)NativeLibrary.GetExport(runtime, "cudaMalloc");
        var clear = (delegate* unmanaged<nint, int, nuint, int>)NativeLibrary.GetExport(runtime, "cudaMemset");
        var synchronize = (delegate* unmanaged<int>)NativeLibrary.GetExport(runtime, "cudaDeviceSynchronize");
        var create = (delegate* unmanaged<nint*, int>)NativeLibrary.GetExport(blas, "cublasCreate_v2");
        var setMath = (delegate* unmanaged<nint, int, int>)NativeLibrary.GetExport(blas, "cublasSetMathMode");
        var single = (delegate* unmanaged<nint, int, int, int, int, int, float*, nint, int, nint, int, float*, nint, int, int>)NativeLibrary.GetExport(blas, "cublasSgemm_v2");
        var full = (delegate* unmanaged<nint, int, int, int, int, int, double*, nint, int, nint, int, double*, nint, int, int>)NativeLibrary.GetExport(blas, "cublasDgemm_v2");
        nint handle, a, c;
        var bytes = (nuint)n * (nuint)n * sizeof(double);
        Check(create(&handle), "cublasCreate");
        Check(setMath(handle, PedanticMath), "cublasSetMathMode");
        Check(allocate(&a, bytes), "cudaMalloc");
        Check(allocate(&c, bytes), "cudaMalloc");
        Check(clear(a, 0, bytes), "cudaMemset");
        float floatOne = 1, floatZero = 0;
        double one = 1, zero = 0;
        var floats = double.PositiveInfinity;
        var doubles = double.PositiveInfinity;
        for (var repeat = 0; repeat <= Repeats; repeat++)
        {
            var started = Stopwatch.GetTimestamp();
            Check(single(handle, 0, 0, n, n, n, &floatOne, a, n, a, n, &floatZero, c, n), "cublasSgemm");
            Check(synchronize(), "cudaDeviceSynchronize");
            var middle = Stopwatch.GetTimestamp();
            Check(full(handle, 0, 0, n, n, n, &one, a, n, a, n, &zero, c, n), "cublasDgemm");
            Check(synchronize(), "cudaDeviceSynchronize");
            if (repeat > 0) // the first loads kernels
            {
                floats = Math.Min(floats, Stopwatch.GetElapsedTime(started, middle).TotalMilliseconds);
                doubles = Math.Min(doubles, Stopwatch.GetElapsedTime(middle).TotalMilliseconds);
            }
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{floats:R} {doubles:R}"));
        return 0;
    }

    private static nint? Load(string[] names)
    {
        foreach (var name in names)
        {
            if (NativeLibrary.TryLoad(name, out var library))
            {
                return library;
            }
        }

        return null;
    }

    private static void Check(int status, string call)
    {
        if (status != 0)
        {
            throw new InvalidOperationException($"{call} returned {status}.");
        }
    }
}
