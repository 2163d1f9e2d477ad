using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace OnnxCompress.Models;

/// <summary>
/// Files that appear together or not at all: each is written under a temporary name in the folder of its target and
/// renamed by <see cref="Commit"/>, in the order added. What was not committed is deleted on disposal; what a killed
/// process left behind is deleted when the same target is written again.
/// </summary>
internal sealed partial class AtomicFiles : IDisposable
{
    /// <summary>Temporary files of other machines are left alone this long: nothing tells whether their writers live.</summary>
    private static readonly TimeSpan ForeignAge = TimeSpan.FromDays(1);

    private static int _counter;

    private readonly List<(string Temporary, string Target)> _files = [];

    /// <summary>What sets this machine's temporary files apart, on a shared folder; containers have names of their own.</summary>
    private static uint Machine { get; } =
        Environment.MachineName.Aggregate(2166136261u, (hash, c) => unchecked((hash ^ c) * 16777619u));

    /// <summary>Announces a target.</summary>
    /// <returns>The path to write instead: a new, empty file.</returns>
    /// <exception cref="IOException">The folder is missing or cannot be written to.</exception>
    public string Add(string target)
    {
        RemoveLeftOvers(target);
        var temporary = TemporaryName(target, ".tmp");
        // Not whatever lies there already, or where a link there leads.
        new FileStream(temporary, FileMode.CreateNew, FileAccess.Write).Dispose();
        _files.Add((temporary, target));
        return temporary;
    }

    /// <summary>Writes a text for a target, down to the disk.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void AddText(string target, string text)
    {
        using var stream = new FileStream(Add(target), FileMode.Create, FileAccess.Write, FileShare.None);
        stream.Write(System.Text.Encoding.UTF8.GetBytes(text));
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Puts every file in its place, or none: what was replaced before a failure comes back.</summary>
    /// <param name="last">What else belongs to it, after the files; leaves all as it was when it fails.</param>
    /// <exception cref="IOException">A target is no regular file, or cannot be replaced.</exception>
    public void Commit(Action? last = null)
    {
        var placed = new List<(string Target, string? Old)>();
        try
        {
            foreach (var (temporary, target) in _files)
            {
                CheckTarget(target);
                // A single file is replaced by the system at once: nothing needs to be kept.
                var old = _files.Count > 1 || last is not null ? Keep(target) : null;
                try
                {
                    File.Move(temporary, target, overwrite: true);
                }
                catch
                {
                    Discard(old);
                    throw;
                }

                placed.Add((target, old));
            }

            last?.Invoke();
        }
        catch
        {
            Restore(placed);
            throw;
        }

        placed.ForEach(file => Discard(file.Old));
        _files.Clear();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var (temporary, _) in _files)
        {
            Discard(temporary);
        }

        _files.Clear();
    }

    /// <summary>A device, a FIFO or a link in the place of an output is not ours to replace.</summary>
    private static void CheckTarget(string target)
    {
        if (FileIdentity.OfEntry(target).Kind is FileKind.Link or FileKind.Special or FileKind.Folder)
        {
            throw new IOException($"'{target}' is no regular file and is not replaced.");
        }
    }

    /// <summary>A second name for what is about to be replaced; null when nothing is.</summary>
    private static string? Keep(string target)
    {
        if (!File.Exists(target))
        {
            return null;
        }

        var old = TemporaryName(target, ".old.tmp");
        HardLink.Create(target, old);
        return old;
    }

    private static void Restore(List<(string Target, string? Old)> placed)
    {
        foreach (var (target, old) in Enumerable.Reverse(placed))
        {
            if (old is null)
            {
                Discard(target);
            }
            else
            {
                File.Move(old, target, overwrite: true);
            }
        }
    }

    /// <summary>Deletes a file if it is there; the folder itself may have gone.</summary>
    private static void Discard(string? file)
    {
        if (File.Exists(file))
        {
            File.Delete(file);
        }
    }

    private static string TemporaryName(string target, string ending) => string.Create(
        CultureInfo.InvariantCulture, $"{target}.{Machine:x8}-{Environment.ProcessId:x}-{Interlocked.Increment(ref _counter):x}{ending}");

    /// <summary>Deletes temporary files of a target whose writers are no more.</summary>
    private static void RemoveLeftOvers(string target)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(target))!;
        var name = Path.GetFileName(target);
        if (!Directory.Exists(folder))
        {
            return;
        }

        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*.tmp"))
        {
            if (file.Name.StartsWith(name + ".", StringComparison.Ordinal)
                && Ending().Match(file.Name[name.Length..]) is { Success: true } parts && IsLeftOver(file, parts))
            {
                try
                {
                    file.Delete();
                }
                catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
                {
                    // Another run is at it, or it is not ours to delete: it does no harm.
                }
            }
        }
    }

    private static bool IsLeftOver(FileInfo file, Match parts)
    {
        if (uint.Parse(parts.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture) != Machine)
        {
            return DateTime.UtcNow - file.LastWriteTimeUtc > ForeignAge;
        }

        var process = int.Parse(parts.Groups[2].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        if (parts.Groups[3].Success && process != Environment.ProcessId)
        {
            // A second name of an older file does not tell when it was given.
            return !IsAlive(process);
        }

        try
        {
            using var writer = Process.GetProcessById(process);
            // The number of a dead process is given to others, which began after the file was last written.
            return writer.StartTime.ToUniversalTime() > file.LastWriteTimeUtc.AddSeconds(1);
        }
        catch (ArgumentException)
        {
            return true;
        }
        catch (Exception unknown) when (unknown is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static bool IsAlive(int process)
    {
        try
        {
            using var found = Process.GetProcessById(process);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    [GeneratedRegex("^\\.([0-9a-f]{8})-([0-9a-f]{1,7})-[0-9a-f]{1,8}(\\.old)?\\.tmp$", RegexOptions.CultureInvariant)]
    private static partial Regex Ending();
}
