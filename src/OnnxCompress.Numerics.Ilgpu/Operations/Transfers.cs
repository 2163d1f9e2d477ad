namespace OnnxCompress.Numerics.Ilgpu.Operations;

/// <summary>How often something went between the host and the device.</summary>
internal sealed class Transfers
{
    /// <summary>Copies to the device.</summary>
    public long ToDevice { get; set; }

    /// <summary>Copies to the host; each waits for what is queued.</summary>
    public long ToHost { get; set; }
}
