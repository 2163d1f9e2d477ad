using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace OnnxCompress.Numerics.Ilgpu;

/// <summary>Opens devices by the names of <c>--device</c>: <c>cuda</c>, <c>opencl</c>, and <c>ilgpu-cpu</c> for tests.</summary>
public static class IlgpuProvider
{
    /// <summary>Opens a device.</summary>
    /// <param name="device"><c>cuda</c> or <c>opencl</c>.</param>
    /// <param name="threads">Threads of the CPU for what the device leaves to it; 0 means all cores.</param>
    /// <exception cref="NumericException"><see cref="NumericFailure.DeviceAbsent"/>: there is no such device, or it has no double precision.</exception>
    public static IlgpuBackend Open(string device, int threads) => Open(device, new IlgpuBackendOptions { Threads = threads });

    /// <summary>Opens a device.</summary>
    /// <param name="device">Its name.</param>
    /// <param name="options">How the work is shared.</param>
    /// <exception cref="NumericException">There is no such device, or it has no double precision.</exception>
    public static IlgpuBackend Open(string device, IlgpuBackendOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var context = Create(device);
        try
        {
            return new IlgpuBackend(context, Best(context, device).CreateAccelerator(context), options);
        }
        catch (Exception failure) when (failure is not NumericException)
        {
            context.Dispose();
            throw new NumericException(NumericFailure.DeviceAbsent, $"The {device} device cannot be opened: {failure.Message}");
        }
        catch (NumericException)
        {
            context.Dispose();
            throw;
        }
    }

    private static Context Create(string device)
    {
        try
        {
            return device switch
            {
                "cuda" => Context.Create(builder => builder.Cuda()),
                "opencl" => Context.Create(builder => builder.OpenCL()),
                "ilgpu-cpu" => Context.Create(builder => builder.CPU(CPUDeviceKind.Default)),
                _ => throw new ArgumentException($"'{device}' is no device; it must be cuda or opencl.", nameof(device)),
            };
        }
        catch (Exception failure) when (failure is DllNotFoundException or TypeInitializationException or NotSupportedException or AcceleratorException)
        {
            throw new NumericException(NumericFailure.DeviceAbsent, $"There is no {device} driver: {failure.Message}");
        }
    }

    // The largest memory wins; ties go to the first.
    private static Device Best(Context context, string device)
    {
        Device[] found = [.. context.Devices.Where(one => one.AcceleratorType.ToString().Equals(device == "ilgpu-cpu" ? "CPU" : device, StringComparison.OrdinalIgnoreCase))];
        Device[] usable = [.. found.Where(one => one is not CLDevice cl || cl.Capabilities.Float64)];
        return usable.Length > 0 ? usable.MaxBy(one => one.MemorySize)! : throw new NumericException(
            NumericFailure.DeviceAbsent,
            found.Length > 0 ? $"None of {found.Length} {device} devices has double precision." : $"There is no {device} device.");
    }
}
