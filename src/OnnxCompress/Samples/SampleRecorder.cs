using System.IO.Compression;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>
/// Keeps a bounded, evenly drawn choice of the inputs that an app feeds a model, and writes it as an <c>.npz</c> archive when it
/// is disposed: calibration data are then what the model really sees. Samples of other shapes go to archives beside it
/// (<c>name.2.npz</c> and so on). What the archives held before is kept in the choice. Safe for several threads.
/// </summary>
internal sealed class SampleRecorder : IDisposable
{
    private readonly string _path;
    private readonly int _limit;
    private readonly Random _random;
    private readonly List<Recorded> _kept = [];
    private readonly Lock _turn = new();
    private bool _changed;
    private bool _closed;

    /// <summary>Begins to record.</summary>
    /// <param name="path">The archive, ending in <c>.npz</c>; its folder exists.</param>
    /// <param name="limit">Samples to keep at most; all of them are held in memory until they are written.</param>
    /// <param name="seed">Of the choice, once there are more.</param>
    /// <exception cref="ArgumentException">The path does not end in <c>.npz</c>, or its folder does not exist.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The limit is below 1.</exception>
    /// <exception cref="OnnxCompressException">OCX3001 or OCX3002: there is an archive, and it cannot be read.</exception>
    public SampleRecorder(string path, int limit = 1024, int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        _path = Path.GetFullPath(path);
        if (!_path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase) || !Directory.Exists(Path.GetDirectoryName(_path)))
        {
            throw new ArgumentException($"'{path}' must end in .npz and lie in a folder that exists.", nameof(path));
        }

        (_limit, _random) = (limit, new Random(seed));
        foreach (var file in Existing())
        {
            Load(file);
        }
    }

    /// <summary>Samples that were offered so far, those of archives that were there before included.</summary>
    public long Seen { get; private set; }

    /// <summary>Samples that are kept.</summary>
    public int Kept
    {
        get
        {
            lock (_turn)
            {
                return _kept.Count;
            }
        }
    }

    /// <summary>Offers what one run was fed: each index of the first axis is a sample.</summary>
    /// <param name="inputs">All inputs of the run, with equal first axes; they are copied.</param>
    /// <exception cref="ArgumentException">An input has no first axis, or the first axes differ.</exception>
    /// <exception cref="ObjectDisposedException">The recorder was disposed.</exception>
    public void Record(IReadOnlyList<HostTensor> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        if (inputs.Count == 0 || inputs.Any(input => input.Dims.Count == 0 || input.Dims[0] != inputs[0].Dims[0]))
        {
            throw new ArgumentException(
                $"The first axis of every input must count the same samples, but the shapes are {string.Join("; ", inputs.Select(input => $"[{string.Join(',', input.Dims)}]"))}.", nameof(inputs));
        }

        lock (_turn)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            for (var index = 0; index < inputs[0].Dims[0]; index++)
            {
                if (Place() is { } place)
                {
                    _kept[place] = new([.. inputs.Select(input => Part.Of(input, index))]);
                }
            }
        }
    }

    /// <summary>Writes the archives, all of them or none; what was there before is replaced by what was kept of it.</summary>
    /// <exception cref="IOException">They cannot be written.</exception>
    public void Dispose()
    {
        lock (_turn)
        {
            if (!_closed && _changed)
            {
                Write();
            }

            _closed = true;
        }
    }

    // Reservoir sampling: every sample seen so far is kept with the same probability.
    private int? Place()
    {
        Seen++;
        if (_kept.Count < _limit)
        {
            _changed = true;
            _kept.Add(new([]));
            return _kept.Count - 1;
        }

        var place = _random.NextInt64(Seen);
        if (place >= _limit)
        {
            return null;
        }

        _changed = true;
        return (int)place;
    }

    private void Load(string file)
    {
        var arrays = ArrayFiles.OpenFile(file);
        try
        {
            for (var index = 0; index < arrays.Min(array => array.Count); index++)
            {
                var parts = arrays.Select(array =>
                {
                    var bytes = new byte[array.BytesOf(index)];
                    array.ReadSample(index, bytes);
                    return new Part(array.Key, array.Type, array.DimsOf(index), bytes);
                });
                if (Place() is { } place)
                {
                    _kept[place] = new([.. parts]);
                }
            }

            _changed = false;
        }
        finally
        {
            foreach (var array in arrays)
            {
                array.Dispose();
            }
        }
    }

    private void Write()
    {
        var groups = _kept.GroupBy(sample => string.Join('|', sample.Parts.Select(part => $"{part.Name}:{part.Type}[{string.Join(',', part.Dims)}]"))).ToArray();
        var stale = Existing().Skip(groups.Length).ToArray();
        using (var files = new AtomicFiles())
        {
            foreach (var (i, group) in groups.Index())
            {
                using var stream = new FileStream(files.Add(Archive(i)), FileMode.Create, FileAccess.ReadWrite, FileShare.None);
                using var archive = new ZipArchive(stream, ZipArchiveMode.Create);
                var samples = group.ToArray();
                foreach (var (p, part) in samples[0].Parts.Index())
                {
                    NpzWriter.Add(archive, part.Name, part.Type, part.Dims, [.. samples.Select(sample => sample.Parts[p].Bytes)]);
                }
            }

            files.Commit();
        }

        foreach (var file in stale)
        {
            File.Delete(file);
        }
    }

    private IEnumerable<string> Existing()
    {
        for (var i = 0; File.Exists(Archive(i)); i++)
        {
            yield return Archive(i);
        }
    }

    private string Archive(int index) => index == 0 ? _path : $"{_path[..^4]}.{index + 1}.npz";

    private sealed record Recorded(IReadOnlyList<Part> Parts);

    private sealed record Part(string Name, ElementType Type, IReadOnlyList<long> Dims, byte[] Bytes)
    {
        public static Part Of(HostTensor input, int index)
        {
            long[] dims = [.. input.Dims.Skip(1)];
            var bytes = new byte[checked((int)dims.Aggregate((long)input.Type.SizeInBytes(), (product, dim) => checked(product * dim)))];
            var all = input.Bytes;
            all.Slice(index * bytes.Length, bytes.Length).CopyTo(bytes);
            return new(input.Name, input.Type, dims, bytes);
        }
    }
}
