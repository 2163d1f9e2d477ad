using OnnxCompress.Models;

namespace OnnxCompress.Reconstruction;

/// <summary>The batches of one tensor that memory has no room for: one behind the other in a file that goes with it. Thread safe.</summary>
internal sealed class SpillFile : IDisposable
{
    private readonly FileStream _file = RunFolder.CreateFile();
    private long _end;

    /// <summary>Writes a tensor behind what is there.</summary>
    /// <returns>Where it begins.</returns>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9017: there is no room for it.</exception>
    public long Write(HostTensor values)
    {
        var start = Interlocked.Add(ref _end, values.Bytes.Length) - values.Bytes.Length;
        RunFolder.Guarded(() => RandomAccess.Write(_file.SafeFileHandle, values.Bytes, start));
        return start;
    }

    /// <summary>Reads values back.</summary>
    /// <param name="start">Where they begin.</param>
    /// <param name="values">All of it is filled.</param>
    public void Read(long start, Span<byte> values)
    {
        while (!values.IsEmpty)
        {
            var count = RandomAccess.Read(_file.SafeFileHandle, values, start);
            if (count == 0)
            {
                throw new EndOfStreamException();
            }

            start += count;
            values = values[count..];
        }
    }

    /// <inheritdoc />
    public void Dispose() => _file.Dispose();
}
