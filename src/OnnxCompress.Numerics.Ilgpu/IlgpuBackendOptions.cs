namespace OnnxCompress.Numerics.Ilgpu;

/// <summary>How the work is shared between CPU and device.</summary>
public sealed record IlgpuBackendOptions
{
    /// <summary>Threads of the CPU for what it does; 0 means all cores.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// Products of fewer multiply-adds stay on the CPU: below this, copying there and back takes longer than the work. 0 leaves
    /// everything to the device.
    /// </summary>
    public double SmallestWork { get; init; } = 1 << 24;

    /// <summary>Threads along an edge of a square group, a power of two up to 16; 0: what suits the device.</summary>
    public int EdgeThreads { get; init; }
}
