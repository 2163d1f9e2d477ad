using ILGPU;
using ILGPU.Runtime;

namespace OnnxCompress.Numerics.Ilgpu.Operations;

/// <summary>Memory of the device that one operation or one chain owns.</summary>
/// <typeparam name="T">What it holds.</typeparam>
internal sealed class DeviceBuffer<T> : IDisposable
    where T : unmanaged
{
    private readonly MemoryBuffer1D<T, Stride1D.Dense> _memory;
    private readonly Transfers _transfers;

    /// <summary>Takes memory.</summary>
    /// <param name="accelerator">Whose.</param>
    /// <param name="transfers">Counts what is copied.</param>
    /// <param name="length">Entries.</param>
    /// <param name="clear">Whether it is filled with zeros; else it holds anything.</param>
    public DeviceBuffer(Accelerator accelerator, Transfers transfers, long length, bool clear)
    {
        _transfers = transfers;
        // Nothing of length 0 can be allocated.
        _memory = accelerator.Allocate1D<T>(Math.Max(1, length));
        if (clear)
        {
            _memory.MemSetToZero();
        }

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
                _transfers.ToDevice += (long)values.Length * sizeof(T);
            }
        }
    }

    /// <summary>Copies to the host, and waits for what is queued.</summary>
    /// <param name="values">At most as many as the buffer holds.</param>
    /// <param name="from">The first entry.</param>
    public unsafe void Read(Span<T> values, long from = 0)
    {
        fixed (T* pinned = values)
        {
            if (values.Length > 0)
            {
                View.SubView(from, values.Length).CopyToCPU(ref *pinned, values.Length);
                _transfers.ToHost += (long)values.Length * sizeof(T);
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => _memory.Dispose();
}
