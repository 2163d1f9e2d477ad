using System.Runtime.InteropServices;

namespace OnnxCompress.OnnxRuntime;

/// <summary>
/// Memory for the inputs of a session's runs, which begins at a cache line. What one run no longer reads serves the next: fresh memory
/// costs the system more than the copy. Thread safe.
/// </summary>
internal sealed unsafe class FeedMemory : IDisposable
{
    private const nuint Alignment = 64; // also the widest vector

    private const int MostSizes = 16;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, Stack<nint>> _free = [];

    /// <summary>Memory for so many bytes.</summary>
    public nint Lend(int bytes)
    {
        lock (_gate)
        {
            if (_free.TryGetValue(bytes, out var free) && free.TryPop(out var memory))
            {
                return memory;
            }
        }

        return (nint)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), Alignment);
    }

    /// <summary>The memory is no longer read.</summary>
    public void GiveBack(nint memory, int bytes)
    {
        lock (_gate)
        {
            if (!_free.TryGetValue(bytes, out var free))
            {
                if (_free.Count == MostSizes)
                {
                    // Samples that differ in size would each leave memory behind.
                    Free();
                }

                _free[bytes] = free = new Stack<nint>();
            }

            free.Push(memory);
        }
    }

    /// <summary>Gives up what is not lent.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            Free();
        }
    }

    private void Free()
    {
        foreach (var memory in _free.Values.SelectMany(free => free))
        {
            NativeMemory.AlignedFree((void*)memory);
        }

        _free.Clear();
    }
}
