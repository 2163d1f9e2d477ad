namespace OnnxCompress.Models;

/// <summary>
/// Has memory of weights collected before much of it piles up. The collector waits until a good part of the heap is
/// garbage, which beside a model of gigabytes is gigabytes too; large arrays hold no references, so that asking it more
/// often costs next to nothing.
/// </summary>
internal sealed class DiscardedMemory
{
    private const long Limit = 256 << 20;

    private long _bytes;

    /// <summary>Notes that about so many bytes are no longer needed. Threads may share the count.</summary>
    public void Add(long bytes)
    {
        if (Interlocked.Add(ref _bytes, bytes) > Limit)
        {
            Interlocked.Exchange(ref _bytes, 0);
            GC.Collect();
        }
    }
}
