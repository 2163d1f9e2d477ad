using OnnxCompress.Cli.Output;
using OnnxCompress.Diagnostics;
using OnnxCompress.Numerics;
using OnnxCompress.Numerics.Ilgpu;
using OnnxCompress.OnnxRuntime;

namespace OnnxCompress.Cli.Options;

/// <summary>
/// What <c>--device</c> names: where dense linear algebra runs, and with CUDA, in a build for GPUs, the model too.
/// </summary>
internal sealed class DeviceBackend : IDisposable
{
    /// <summary>Words of <c>--device</c>.</summary>
    public static readonly string[] Words = ["cpu", "cuda", "opencl", "auto"];

    // Slow on purpose: ILGPU's own accelerator on the CPU, to try the backend where there is no device.
    private const string Trial = "ilgpu-cpu";

    private DeviceBackend(IDenseBackend backend) =>
        (Backend, Runtime) = (backend, new(RunsModel(backend) && OrtRuntime.Has(ExecutionProvider.Cuda) ? ExecutionProvider.Cuda : ExecutionProvider.Cpu));

    /// <summary>Does the linear algebra.</summary>
    public IDenseBackend Backend { get; }

    /// <summary>Runs models.</summary>
    public OrtRuntime Runtime { get; }

    /// <summary>Whether a word names a device.</summary>
    public static bool IsKnown(string word) => Words.Contains(word) || word == Trial;

    /// <summary>Opens a device. Only <c>auto</c> takes another one than the first it looks for.</summary>
    /// <param name="device">One of <see cref="Words"/>.</param>
    /// <param name="threads">Threads of the CPU; 0 means all cores.</param>
    /// <param name="talk">Told which device it is.</param>
    /// <exception cref="OnnxCompressException">OCX9016: the device is not there.</exception>
    public static DeviceBackend Open(string device, int threads, Talk talk)
    {
        var opened = new DeviceBackend(Choose(device, threads, talk));
        if (device != "cpu")
        {
            talk.Line($"device: {opened.Backend.Name}{Scope(opened.Backend)}");
        }

        return opened;
    }

    /// <inheritdoc />
    public void Dispose() => (Backend as IDisposable)?.Dispose();

    private static bool RunsModel(IDenseBackend backend) => backend is IlgpuBackend { IsCuda: true };

    private static string Scope(IDenseBackend backend) => backend switch
    {
        CpuBackend => "",
        _ when RunsModel(backend) && OrtRuntime.Has(ExecutionProvider.Cuda) => ", linear algebra and the model",
        _ => ", linear algebra only; the model runs on the CPU",
    };

    private static IDenseBackend Choose(string device, int threads, Talk talk) => device switch
    {
        "cpu" => new CpuBackend(threads),
        "auto" => Best(threads, talk),
        _ => OpenOne(device, threads),
    };

    private static IlgpuBackend OpenOne(string device, int threads)
    {
        try
        {
            return IlgpuProvider.Open(device, threads);
        }
        catch (NumericException absent) when (absent.Failure == NumericFailure.DeviceAbsent)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.DeviceAbsent, $"--device {device}: {absent.Message} Use --device cpu, or --device auto for whatever is there.", absent);
        }
    }

    private static IDenseBackend Best(int threads, Talk talk)
    {
        foreach (var device in new[] { "cuda", "opencl" })
        {
            try
            {
                return IlgpuProvider.Open(device, threads);
            }
            catch (NumericException absent) when (absent.Failure == NumericFailure.DeviceAbsent)
            {
                talk.Line(absent.Message);
            }
        }

        return new CpuBackend(threads);
    }
}
