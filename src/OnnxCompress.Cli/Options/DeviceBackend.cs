using System.Runtime.Loader;
using OnnxCompress.Cli.Output;
using OnnxCompress.Diagnostics;
using OnnxCompress.Numerics;

namespace OnnxCompress.Cli.Options;

/// <summary>
/// The backend that <c>--device</c> names. Devices other than the CPU come from an assembly that lies beside the tool, or does
/// not: nothing else knows it.
/// </summary>
internal sealed class DeviceBackend : IDisposable
{
    /// <summary>Words of <c>--device</c>.</summary>
    public static readonly string[] Words = ["cpu", "cuda", "opencl", "auto"];

    // Slow on purpose: ILGPU's own accelerator on the CPU, to try the backend where there is no device.
    private const string Trial = "ilgpu-cpu";
    private const string AssemblyName = "OnnxCompress.Numerics.Ilgpu";

    private DeviceBackend(IDenseBackend backend) => Backend = backend;

    /// <summary>What does the work.</summary>
    public IDenseBackend Backend { get; }

    /// <summary>Whether a word names a device.</summary>
    public static bool IsKnown(string word) => Words.Contains(word) || word == Trial;

    /// <summary>Opens a device. Only <c>auto</c> takes another one than the first it looks for.</summary>
    /// <param name="device">One of <see cref="Words"/>.</param>
    /// <param name="threads">Threads of the CPU; 0 means all cores.</param>
    /// <param name="talk">Told which device it is.</param>
    /// <exception cref="OnnxCompressException">OCX9013: this build has no devices; OCX9016: the device is not there.</exception>
    public static DeviceBackend Open(string device, int threads, Talk talk)
    {
        var backend = device switch
        {
            "cpu" => new CpuBackend(threads),
            "auto" => Best(threads, talk),
            _ => OpenOne(Provider() ?? throw Usage.NotYet($"--device {device}", $"this build of the tool has no {AssemblyName}.dll beside it; use --device cpu, or build with -p:UseIlgpu=true"), device, threads),
        };
        if (device != "cpu")
        {
            talk.Line($"device: {backend.Name}");
        }

        return new DeviceBackend(backend);
    }

    /// <inheritdoc />
    public void Dispose() => (Backend as IDisposable)?.Dispose();

    private static IDenseBackend OpenOne(IDeviceProvider provider, string device, int threads)
    {
        try
        {
            return provider.Open(device, threads);
        }
        catch (NumericException absent) when (absent.Failure == NumericFailure.DeviceAbsent)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.DeviceAbsent, $"--device {device}: {absent.Message} Use --device cpu, or --device auto for whatever is there.", absent);
        }
    }

    private static IDenseBackend Best(int threads, Talk talk)
    {
        if (Provider() is { } provider)
        {
            foreach (var device in new[] { "cuda", "opencl" })
            {
                try
                {
                    return provider.Open(device, threads);
                }
                catch (NumericException absent) when (absent.Failure == NumericFailure.DeviceAbsent)
                {
                    talk.Line(absent.Message);
                }
            }
        }

        return new CpuBackend(threads);
    }

    private static IDeviceProvider? Provider()
    {
        var path = Path.Combine(AppContext.BaseDirectory, AssemblyName + ".dll");
        if (!File.Exists(path))
        {
            return null;
        }

        // What it needs lies beside it, and is not among the tool's own dependencies.
        AssemblyLoadContext.Default.Resolving += (context, name) =>
            Path.Combine(AppContext.BaseDirectory, name.Name + ".dll") is var file && File.Exists(file) ? context.LoadFromAssemblyPath(file) : null;
        var type = AssemblyLoadContext.Default.LoadFromAssemblyPath(path).GetType(AssemblyName + ".IlgpuProvider", throwOnError: true)!;
        return (IDeviceProvider)Activator.CreateInstance(type)!;
    }
}
