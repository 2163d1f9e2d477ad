using System.Buffers;
using System.Runtime.InteropServices;

namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// Pinned scratch memory on a 64-byte boundary, rented from the shared pool. Contents are arbitrary; debug builds fill it
/// with NaN so that a missing clear shows.
/// </summary>
internal sealed unsafe class Workspace<T> : IDisposable
    where T : unmanaged
{
    private const int Alignment = 64; // one cache line, one 512-bit vector

    private readonly byte[] _rented;
    private GCHandle _pin;

    public Workspace(long length)
    {
        var bytes = checked((int)(Math.Max(length, 1) * sizeof(T))) + Alignment;
        _rented = ArrayPool<byte>.Shared.Rent(bytes);
        _pin = GCHandle.Alloc(_rented, GCHandleType.Pinned);
        var address = (nint)_pin.AddrOfPinnedObject();
        Data = (T*)((address + Alignment - 1) & ~(nint)(Alignment - 1));
        Length = (int)length;
#if DEBUG
        Span.Fill(typeof(T) == typeof(double) ? (T)(object)double.NaN : typeof(T) == typeof(float) ? (T)(object)float.NaN : default);
#endif
    }

    public T* Data { get; private set; }

    public int Length { get; }

    public Span<T> Span => new(Data, Length);

    public Block<T> AsBlock(int rows, int columns) => new(Data, rows, columns, columns);

    public void Dispose()
    {
        if (Data is not null)
        {
            Data = null;
            _pin.Free();
            ArrayPool<byte>.Shared.Return(_rented);
        }
    }
}
