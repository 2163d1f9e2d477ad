namespace OnnxCompress.Numerics.Ilgpu.Operations;

/// <summary>How much went between the host and the device, in bytes.</summary>
internal sealed class Transfers
{
    /// <summary>To the device.</summary>
    public long ToDevice { get; set; }

    /// <summary>To the host; each copy waits for what is queued.</summary>
    public long ToHost { get; set; }
}
