using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// Tensors of every batch, kept between two parts of a network: in memory up to a limit, beyond it in files that go with
/// the store. Several threads may read different batches; all else is for one thread.
/// </summary>
/// <param name="limit">Bytes to keep in memory.</param>
internal sealed class ActivationStore(long limit) : IDisposable
{
    /// <summary>This part of the limit may lie idle, whatever is kept: what goes to files comes in arrays that are used again.</summary>
    private const int SpareShare = 16;

    private readonly Dictionary<string, Entry[]> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<(ElementType Type, int Length), Stack<Array>> _free = [];
    private long _held, _idle;

    /// <summary>Whether a tensor is kept.</summary>
    public bool Contains(string tensor) => _entries.ContainsKey(tensor);

    /// <summary>Names of all tensors that are kept.</summary>
    public IReadOnlyCollection<string> Names => _entries.Keys;

    /// <summary>The shape of a tensor in each batch.</summary>
    public IEnumerable<IReadOnlyList<long>> Shapes(string tensor) => _entries[tensor].Select(e => e.Dims);

    /// <summary>The element type of a tensor.</summary>
    public ElementType TypeOf(string tensor) => _entries[tensor][0].Type;

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
    public void Put(string tensor, int batch, int batches, HostTensor values)
    {
        if (!_entries.TryGetValue(tensor, out var entries))
        {
            _entries[tensor] = entries = new Entry[batches];
        }

        var bytes = values.Count * values.Type.SizeInBytes();
        if (_held + bytes <= limit)
        {
            entries[batch] = new Entry(values.Dims, values.Type, values, null);
            _held += bytes;
        }
        else
        {
#pragma warning disable CA2000 // Dropping the tensor closes the file.
            entries[batch] = new Entry(values.Dims, values.Type, null, Spill(values));
#pragma warning restore CA2000
            Recycle(values);
        }
    }

    /// <summary>The tensor of one batch; it is read, not changed.</summary>
    public HostTensor Get(string tensor, int batch)
    {
        var entry = _entries[tensor][batch];
        return entry.Values ?? Load(tensor, entry);
    }

    /// <summary>Gives up a tensor.</summary>
    public void Drop(string tensor)
    {
        // A run that was cut short has not filled all of them.
        foreach (var entry in _entries[tensor].Where(e => e is not null))
        {
            if (entry.Values is { } values)
            {
                _held -= values.Count * values.Type.SizeInBytes();
                Recycle(values);
            }

            entry.File?.Dispose();
        }

        _entries.Remove(tensor);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var tensor in _entries.Keys.ToArray())
        {
            Drop(tensor);
        }
    }

    /// <summary>An array for a tensor to be kept: one that an earlier tensor no longer needs, if there is one of that size.</summary>
    public Array Rent(ElementType type, int length)
    {
        if (_free.TryGetValue((type, length), out var free) && free.TryPop(out var idle))
        {
            _idle -= (long)length * type.SizeInBytes();
            return idle;
        }

        return type.NewArray(length) ?? throw new NotSupportedException($"Tensors of type {type} are not kept.");
    }

    private void Recycle(HostTensor values)
    {
        var bytes = values.Values.LongLength * values.Type.SizeInBytes();
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

    private static FileStream Spill(HostTensor values)
    {
        var file = RunFolder.CreateFile();
        try
        {
            RunFolder.Guarded(() => file.Write(values.Type.Bytes(values.Values)));
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static HostTensor Load(string tensor, Entry entry)
    {
        var values = entry.Type.NewArray(checked((int)entry.Dims.Aggregate(1L, (product, d) => checked(product * d))))!;
        entry.File!.Position = 0;
        entry.File.ReadExactly(entry.Type.Bytes(values));
        return new HostTensor(tensor, entry.Type, entry.Dims, values);
    }

    private sealed record Entry(IReadOnlyList<long> Dims, ElementType Type, HostTensor? Values, FileStream? File);
}
