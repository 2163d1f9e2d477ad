using OnnxCompress.Cli.Output;
using OnnxCompress.Diagnostics;
using OnnxCompress.Numerics;
using OnnxCompress.Numerics.Ilgpu;

namespace OnnxCompress.Cli.Options;

/// <summary>The backend that <c>--device</c> names.</summary>
internal sealed class DeviceBackend : IDisposable
{
    /// <summary>Words of <c>--device</c>.</summary>
    public static readonly string[] Words = ["cpu", "cuda", "opencl", "auto"];

    // Slow on purpose: ILGPU's own accelerator on the CPU, to try the backend where there is no device.
    private const string Trial = "ilgpu-cpu";

    private DeviceBackend(IDenseBackend backend) => Backend = backend;

    /// <summary>What does the work.</summary>
    public IDenseBackend Backend { get; }

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
            talk.Line($"device: {opened.Backend.Name}");
        }

        return opened;
    }

    /// <inheritdoc />
    public void Dispose() => (Backend as IDisposable)?.Dispose();

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
