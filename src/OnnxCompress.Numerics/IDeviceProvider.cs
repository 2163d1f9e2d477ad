namespace OnnxCompress.Numerics;

/// <summary>Opens devices that dense linear algebra can run on; implemented outside this assembly and found by the command line.</summary>
public interface IDeviceProvider
{
    /// <summary>Opens a device.</summary>
    /// <param name="device"><c>cuda</c> or <c>opencl</c>.</param>
    /// <param name="threads">Threads of the CPU for what the device leaves to it; 0 means all cores.</param>
    /// <returns>A backend that the caller disposes when it can be.</returns>
    /// <exception cref="NumericException"><see cref="NumericFailure.DeviceAbsent"/>: there is no such device here.</exception>
    IDenseBackend Open(string device, int threads);
}
