[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace OnnxCompress.Numerics.Ilgpu.Tests;

/// <summary>The devices that tests run on.</summary>
internal static class Devices
{
    /// <summary>Says which device the suites run on: ilgpu-cpu (the default), cuda or opencl.</summary>
    private const string Variable = "ONNXCOMPRESS_TEST_DEVICE";

    private static readonly Lazy<IlgpuBackend> Chosen = new(() => Open(Name, 0));
    private static readonly Lazy<IlgpuBackend> Grouped = new(() => Open(Name, Name == "ilgpu-cpu" ? 4 : 0));

    /// <summary>The device that is asked for; everything runs there, however small.</summary>
    public static IlgpuBackend Asked => Chosen.Value;

    /// <summary>The same with groups of several threads: on the CPU accelerator barriers are slow, so for small sizes only.</summary>
    public static IlgpuBackend WithBarriers => Grouped.Value;

    private static string Name => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } name ? name : "ilgpu-cpu";

    // A device that is asked for by name and absent fails; the CPU accelerator is always there.
    private static IlgpuBackend Open(string name, int edgeThreads) =>
        IlgpuProvider.Open(name, new IlgpuBackendOptions { Threads = 2, SmallestWork = 0, EdgeThreads = edgeThreads });
}
