using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OnnxCompress.Models;

namespace OnnxCompress.Timing;

/// <summary>
/// Times of nodes on one machine with one version of the runtime and one number of threads: in memory, and in a file where
/// there is a folder for it. A file that cannot be read is as good as none: times can be taken again.
/// </summary>
internal sealed class NodeTimeCache
{
    /// <summary>Another way of measuring makes the old times worthless.</summary>
    private const int Version = 3;

    private const long LargestBytes = 64 << 20;

    private readonly string _conditions;
    private readonly Dictionary<string, (double Milliseconds, long Macs)> _times = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    private NodeTimeCache(string conditions, string? path) => (_conditions, Path) = (conditions, path);

    /// <summary>The file; null when times are kept in memory only.</summary>
    public string? Path { get; }

    /// <summary>Times that are known.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _times.Count;
            }
        }
    }

    /// <summary>The median over all chains, for those that cannot be measured; 0 when none was.</summary>
    public double MillisecondsPerMac
    {
        get
        {
            lock (_lock)
            {
                double[] rates = [.. _times.Values.Where(t => t.Macs > 0).Select(t => t.Milliseconds / t.Macs).Order()];
                return rates.Length == 0 ? 0 : rates[rates.Length / 2];
            }
        }
    }

    /// <summary>Opens the times of this machine.</summary>
    /// <param name="folder">Where they are kept between runs; null keeps them in memory only.</param>
    /// <param name="runtime">Name and version of the runtime.</param>
    /// <param name="threads">Threads that nodes are timed with; 0 means all cores.</param>
    public static NodeTimeCache Open(string? folder, string runtime, int threads)
    {
        var conditions = string.Create(CultureInfo.InvariantCulture, $"{Machine()}; {runtime}; {threads} threads; version {Version}");
        if (folder is null)
        {
            return new NodeTimeCache(conditions, null);
        }

        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(conditions)))[..16];
        var cache = new NodeTimeCache(conditions, System.IO.Path.Combine(folder, $"node-times-{name}.json"));
        cache.Read();
        return cache;
    }

    /// <summary>Milliseconds of a chain; null when it was not timed.</summary>
    public double? Find(string key)
    {
        lock (_lock)
        {
            return _times.TryGetValue(key, out var time) ? time.Milliseconds : null;
        }
    }

    /// <summary>Notes the time of a chain.</summary>
    public void Add(string key, double milliseconds, long macs)
    {
        lock (_lock)
        {
            _times[key] = (milliseconds, macs);
        }
    }

    /// <summary>Writes the file, if there is one, with what another run has written since.</summary>
    /// <exception cref="IOException">It cannot be written; the old file stays.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public void Save()
    {
        if (Path is null)
        {
            return;
        }

        Read();
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!);
        using var files = new AtomicFiles();
        using (var stream = new FileStream(files.Add(Path), FileMode.Create, FileAccess.Write, FileShare.None))
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            Write(writer);
        }

        files.Commit();
    }

    /// <summary>Writes the file where that is possible: without it the next run is slower, that is all.</summary>
    public void Keep()
    {
        try
        {
            Save();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // As above.
        }
    }

    private void Write(Utf8JsonWriter writer)
    {
        lock (_lock)
        {
            writer.WriteStartObject();
            writer.WriteString("conditions", _conditions);
            writer.WriteStartObject("nodes");
            foreach (var (key, time) in _times.OrderBy(t => t.Key, StringComparer.Ordinal))
            {
                writer.WriteStartArray(key);
                writer.WriteNumberValue(time.Milliseconds);
                writer.WriteNumberValue(time.Macs);
                writer.WriteEndArray();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }
    }

    /// <summary>Takes up what the file knows and this cache does not.</summary>
    private void Read()
    {
        if (Path is null || !File.Exists(Path))
        {
            return;
        }

        try
        {
            using var document = JsonDocument.Parse(InputFile.ReadAllBytes(Path, LargestBytes));
            if (document.RootElement.GetProperty("conditions").GetString() != _conditions)
            {
                return;
            }

            lock (_lock)
            {
                foreach (var node in document.RootElement.GetProperty("nodes").EnumerateObject())
                {
                    if (node.Value[0].GetDouble() is > 0 and var milliseconds && double.IsFinite(milliseconds))
                    {
                        _times.TryAdd(node.Name, (milliseconds, node.Value[1].GetInt64()));
                    }
                }
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException or IOException or UnauthorizedAccessException or Diagnostics.OnnxCompressException)
        {
            // What is not read is measured again, and the next Save replaces the file.
        }
    }

    /// <summary>What makes this machine's times its own: the processor, its vectors, and how many cores this process may use.</summary>
    private static string Machine()
    {
        var processor = Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
        if (OperatingSystem.IsLinux() && File.Exists("/proc/cpuinfo"))
        {
            processor = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"{processor ?? "unknown processor"}, {RuntimeInformation.ProcessArchitecture}, {WidthTable.VectorWidth} lanes, {Environment.ProcessorCount} cores");
    }
}
