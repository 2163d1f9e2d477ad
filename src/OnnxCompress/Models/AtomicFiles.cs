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
    /// <returns>The path to write instead.</returns>
    public string Add(string target)
    {
        RemoveLeftOvers(target);
        var temporary = string.Create(
            CultureInfo.InvariantCulture, $"{target}.{Machine:x8}-{Environment.ProcessId:x}-{Interlocked.Increment(ref _counter):x}.tmp");
        _files.Add((temporary, target));
        return temporary;
    }

    /// <summary>Puts every file in its place.</summary>
    public void Commit()
    {
        foreach (var (temporary, target) in _files)
        {
            File.Move(temporary, target, overwrite: true);
        }

        _files.Clear();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var (temporary, _) in _files)
        {
            // The folder itself may have gone.
            if (File.Exists(temporary))
            {
                File.Delete(temporary);
            }
        }

        _files.Clear();
    }

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

        try
        {
            using var writer = Process.GetProcessById(int.Parse(parts.Groups[2].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
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

    [GeneratedRegex("^\\.([0-9a-f]{8})-([0-9a-f]{1,7})-[0-9a-f]{1,8}\\.tmp$", RegexOptions.CultureInvariant)]
    private static partial Regex Ending();
}
