using System.Collections.Concurrent;
using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// Tensors of every batch, kept between two parts of a network: in memory up to a limit, beyond it in files that go with
/// the store. Several threads may put, read and give back different batches; what concerns all batches of a tensor is for one thread.
/// </summary>
/// <param name="limit">Bytes to keep in memory.</param>
internal sealed class ActivationStore(long limit) : IDisposable
{
    /// <summary>This part of the limit may lie idle, whatever is kept: what goes to files comes in arrays that are used again.</summary>
    private const int SpareShare = 16;

    /// <summary>This part of the limit is filled by what is put aside, at most.</summary>
    private const int AsideShare = 4;

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, Kept> _kept = new(StringComparer.Ordinal);
    private readonly Dictionary<(ElementType Type, int Length), Stack<Array>> _free = [];
    private long _held, _idle;

    /// <summary>Whether a tensor is kept.</summary>
    public bool Contains(string tensor) => _kept.ContainsKey(tensor);

    /// <summary>Names of all tensors that are kept.</summary>
    public IReadOnlyCollection<string> Names => [.. _kept.Keys];

    /// <summary>The shape of a tensor in each batch.</summary>
    public IEnumerable<IReadOnlyList<long>> Shapes(string tensor) => _kept[tensor].Batches.Select(e => e.Dims);

    /// <summary>The element type of a tensor.</summary>
    public ElementType TypeOf(string tensor) => _kept[tensor].Batches[0].Type;

    /// <summary>Keeps a copy of an output of a run.</summary>
    /// <param name="tensor">Name.</param>
    /// <param name="batch">Which batch.</param>
    /// <param name="batches">How many batches there are.</param>
    /// <param name="run">The run.</param>
    /// <param name="index">Which of its outputs.</param>
    public void Put(string tensor, int batch, int batches, RunResult run, int index)
    {
        var type = run.Type(index);
        var bytes = run.Bytes(index);
        var values = Rent(type, bytes.Length / type.SizeInBytes());
        bytes.CopyTo(type.Bytes(values));
        Put(tensor, batch, batches, new HostTensor(tensor, type, [.. run.Dims(index)], values));
    }

    /// <summary>Keeps a tensor; the store owns its array from now on.</summary>
    public void Put(string tensor, int batch, int batches, HostTensor values) => Put(tensor, batch, batches, values, limit);

    /// <summary>Keeps a tensor that is read once in a while: it leaves most of the memory to those that are read soon.</summary>
    public void PutAside(string tensor, int batch, int batches, HostTensor values) => Put(tensor, batch, batches, values, limit / AsideShare);

    private void Put(string tensor, int batch, int batches, HostTensor values, long room)
    {
        var kept = _kept.GetOrAdd(tensor, static (_, count) => new Kept(count), batches);
        if (HasRoom(values, room))
        {
            kept.Batches[batch] = new Entry(values.Dims, values.Type, values, 0);
        }
        else
        {
            kept.Batches[batch] = new Entry(values.Dims, values.Type, null, kept.File.Value.Write(values));
            Recycle(values);
        }
    }

    /// <summary>The tensor of one batch; it is read, not changed.</summary>
    public HostTensor Get(string tensor, int batch)
    {
        var kept = _kept[tensor];
        var entry = kept.Batches[batch];
        if (entry.Values is { } there)
        {
            return there;
        }

        var values = Rent(entry.Type, checked((int)entry.Dims.Aggregate(1L, (product, d) => checked(product * d))));
        kept.File.Value.Read(entry.Start, entry.Type.Bytes(values));
        return new HostTensor(tensor, entry.Type, entry.Dims, values);
    }

    /// <summary>What <see cref="Get"/> gave is no longer read: its array, if it was made for that, serves the next.</summary>
    public void GiveBack(string tensor, int batch, HostTensor values)
    {
        if (_kept[tensor].Batches[batch].Values is null)
        {
            Recycle(values);
        }
    }

    /// <summary>Gives up a tensor.</summary>
    public void Drop(string tensor)
    {
        if (!_kept.TryRemove(tensor, out var kept))
        {
            return;
        }

        // A run that was cut short has not filled all of them.
        foreach (var values in kept.Batches.Select(e => e?.Values).OfType<HostTensor>())
        {
            lock (_gate)
            {
                _held -= BytesOf(values);
            }

            Recycle(values);
        }

        if (kept.File.IsValueCreated)
        {
            kept.File.Value.Dispose();
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var tensor in Names)
        {
            Drop(tensor);
        }
    }

    /// <summary>An array for a tensor to be kept: one that an earlier tensor no longer needs, if there is one of that size.</summary>
    public Array Rent(ElementType type, int length)
    {
        lock (_gate)
        {
            if (_free.TryGetValue((type, length), out var free) && free.TryPop(out var idle))
            {
                _idle -= (long)length * type.SizeInBytes();
                return idle;
            }
        }

        return type.NewArray(length) ?? throw new NotSupportedException($"Tensors of type {type} are not kept.");
    }

    private static long BytesOf(HostTensor values) => values.Count * values.Type.SizeInBytes();

    private bool HasRoom(HostTensor values, long room)
    {
        lock (_gate)
        {
            var has = _held + BytesOf(values) <= room;
            _held += has ? BytesOf(values) : 0;
            return has;
        }
    }

    private void Recycle(HostTensor values)
    {
        var bytes = values.Values.LongLength * values.Type.SizeInBytes();
        lock (_gate)
        {
            if (_idle + bytes > Math.Max(limit - _held, limit / SpareShare))
            {
                return;
            }

            var key = (values.Type, values.Values.Length);
            if (!_free.TryGetValue(key, out var free))
            {
                _free[key] = free = new Stack<Array>();
            }

            free.Push(values.Values);
            _idle += bytes;
        }
    }

    /// <summary>One batch of a tensor: in memory, or from where it begins in the file.</summary>
    private sealed record Entry(IReadOnlyList<long> Dims, ElementType Type, HostTensor? Values, long Start);

    /// <summary>All batches of a tensor.</summary>
    private sealed class Kept(int batches)
    {
        public Entry[] Batches { get; } = new Entry[batches];

        /// <summary>Made for the first batch that memory has no room for.</summary>
        public Lazy<SpillFile> File { get; } = new(static () => new SpillFile());
    }
}
