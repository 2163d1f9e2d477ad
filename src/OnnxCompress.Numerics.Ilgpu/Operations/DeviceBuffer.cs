using ILGPU;
using ILGPU.Runtime;

namespace OnnxCompress.Numerics.Ilgpu.Operations;

/// <summary>Memory of the device that one operation owns.</summary>
/// <typeparam name="T">What it holds.</typeparam>
internal sealed class DeviceBuffer<T> : IDisposable
    where T : unmanaged
{
    private readonly MemoryBuffer1D<T, Stride1D.Dense> _memory;

    /// <summary>Takes memory, filled with zeros.</summary>
    public DeviceBuffer(Accelerator accelerator, long length)
    {
        // Nothing of length 0 can be allocated.
        _memory = accelerator.Allocate1D<T>(Math.Max(1, length));
        _memory.MemSetToZero();
        View = _memory.View.BaseView.SubView(0, length);
    }

    /// <summary>The memory.</summary>
    public ArrayView<T> View { get; }

    /// <summary>Copies from the host.</summary>
    /// <param name="values">At most as many as the buffer holds.</param>
    public unsafe void Write(ReadOnlySpan<T> values)
    {
        // ILGPU copies from an address: what lies there must not move meanwhile.
        fixed (T* pinned = values)
        {
            if (values.Length > 0)
            {
                View.SubView(0, values.Length).CopyFromCPU(ref *pinned, values.Length);
            }
        }
    }

    /// <summary>Copies to the host, and waits for what is queued.</summary>
    public unsafe void Read(Span<T> values)
    {
        fixed (T* pinned = values)
        {
            if (values.Length > 0)
            {
                View.SubView(0, values.Length).CopyToCPU(ref *pinned, values.Length);
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => _memory.Dispose();
}
