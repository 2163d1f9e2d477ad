using System.Runtime.InteropServices;
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
        Array values = type switch
        {
            ElementType.Float => Copy(run.Values<float>(index), type),
            ElementType.Double => Copy(run.Values<double>(index), type),
            ElementType.Float16 => Copy(run.Values<Half>(index), type),
            ElementType.Int64 => Copy(run.Values<long>(index), type),
            ElementType.Int32 => Copy(run.Values<int>(index), type),
            ElementType.Int16 => Copy(run.Values<short>(index), type),
            ElementType.Int8 => Copy(run.Values<sbyte>(index), type),
            ElementType.UInt8 => Copy(run.Values<byte>(index), type),
            ElementType.UInt16 => Copy(run.Values<ushort>(index), type),
            ElementType.UInt32 => Copy(run.Values<uint>(index), type),
            ElementType.UInt64 => Copy(run.Values<ulong>(index), type),
            ElementType.Bool => Copy(run.Values<bool>(index), type),
            _ => throw new NotSupportedException($"'{tensor}' is {type}, which cannot be kept between two runs."),
        };
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
    public T[] Rent<T>(ElementType type, int length)
        where T : unmanaged
    {
        if (_free.TryGetValue((type, length), out var free) && free.TryPop(out var idle))
        {
            _idle -= (long)length * type.SizeInBytes();
            return (T[])idle;
        }

        return GC.AllocateUninitializedArray<T>(length);
    }

    private T[] Copy<T>(ReadOnlySpan<T> values, ElementType type)
        where T : unmanaged
    {
        var copy = Rent<T>(type, values.Length);
        values.CopyTo(copy);
        return copy;
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
            RunFolder.Guarded(() => file.Write(Bytes(values.Values, values.Type)));
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
        var count = entry.Dims.Aggregate(1L, (product, d) => checked(product * d));
        Array values = entry.Type switch
        {
            ElementType.Float => new float[count],
            ElementType.Double => new double[count],
            ElementType.Float16 => new Half[count],
            ElementType.Int64 => new long[count],
            ElementType.Int32 => new int[count],
            ElementType.Int16 => new short[count],
            ElementType.Int8 => new sbyte[count],
            ElementType.UInt8 => new byte[count],
            ElementType.UInt16 => new ushort[count],
            ElementType.UInt32 => new uint[count],
            ElementType.UInt64 => new ulong[count],
            _ => new bool[count],
        };
        entry.File!.Position = 0;
        entry.File.ReadExactly(Bytes(values, entry.Type));
        return new HostTensor(tensor, entry.Type, entry.Dims, values);
    }

    private static Span<byte> Bytes(Array values, ElementType type) =>
        MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(values), checked(values.Length * type.SizeInBytes()));

    private sealed record Entry(IReadOnlyList<long> Dims, ElementType Type, HostTensor? Values, FileStream? File);
}
