namespace OnnxCompress.MSBuild;

/// <summary>What lies in the folder of a cache, and what of it goes: what was not used for long, and the oldest beyond a size.</summary>
/// <param name="root">In full.</param>
internal sealed class CacheFolder(string root)
{
    /// <summary>Entries that were not used for longest are removed beyond this.</summary>
    internal const long MostBytes = 4L << 30;

    private const string LockEnding = ".lock";

    /// <summary>Entries that were not used for this long are removed.</summary>
    internal static readonly TimeSpan LongestUnused = TimeSpan.FromDays(30);

    // What a killed build was writing; no build writes for a day.
    private static readonly TimeSpan LongestUnfinished = TimeSpan.FromDays(1);

    /// <summary>The folder of an entry.</summary>
    public string Entry(string key) => Path.Combine(root, key);

    /// <summary>The file that builds take turns by.</summary>
    public string Lock(string key) => Path.Combine(root, key + LockEnding);

    /// <summary>A folder of that name for what is not finished, or is on its way out.</summary>
    public string Unfinished() => Path.Combine(root, Guid.NewGuid().ToString("N") + BuildPaths.Unfinished);

    /// <summary>Puts a finished folder in the place of an entry: others see the old one, none, or the new one.</summary>
    public void Place(string finished, string key)
    {
        var entry = Entry(key);
        Remove(entry);
        Directory.Move(finished, entry);
    }

    /// <summary>Removes an entry, a link or a file: first out of the sight of others, then from the disk.</summary>
    public void Remove(string path)
    {
        if (File.Exists(path) || IsLink(path))
        {
            File.Delete(path);
        }
        else if (Directory.Exists(path))
        {
            var aside = Unfinished();
            Directory.Move(path, aside);
            Directory.Delete(aside, recursive: true);
        }
    }

    /// <summary>Removes what is too old or too much. Somebody else may be doing the same, so that what is gone already is no failure.</summary>
    /// <param name="keep">The entry that was just written: it stays.</param>
    /// <param name="now">The time.</param>
    /// <param name="most">Bytes of all entries that may stay.</param>
    public void Prune(string keep, DateTime now, long most)
    {
        var total = 0L;
        foreach (var (path, used, bytes) in Entries().OrderByDescending(entry => entry.Path == Entry(keep)).ThenByDescending(entry => entry.Used))
        {
            total += bytes;
            if (path != Entry(keep) && (total > most || now - used > LongestUnused))
            {
                Try(() => Remove(path));
            }
        }

        foreach (var path in Directory.GetDirectories(root, "*" + BuildPaths.Unfinished).Where(path => now - Directory.GetLastWriteTimeUtc(path) > LongestUnfinished))
        {
            Try(() => Directory.Delete(path, recursive: true));
        }

        foreach (var path in Directory.GetFiles(root, "*" + LockEnding).Where(path => now - File.GetLastWriteTimeUtc(path) > LongestUnused))
        {
            Try(() => File.Delete(path));
        }
    }

    /// <summary>Notes that an entry was used.</summary>
    public void Touch(string key) => Try(() => File.SetLastWriteTimeUtc(Path.Combine(Entry(key), CacheEntry.Name), DateTime.UtcNow));

    private IEnumerable<(string Path, DateTime Used, long Bytes)> Entries() =>
        from folder in new DirectoryInfo(root).GetDirectories()
        where folder.Name.Length == 64 && folder.Name.All(c => c is (>= '0' and <= '9') or (>= 'a' and <= 'f')) && !IsLink(folder.FullName)
        select (folder.FullName, File.GetLastWriteTimeUtc(Path.Combine(folder.FullName, CacheEntry.Name)), folder.GetFiles().Sum(file => file.Length));

    private static bool IsLink(string path) => new DirectoryInfo(path) is { Exists: true } folder && (folder.Attributes & FileAttributes.ReparsePoint) != 0;

    private static void Try(Action remove)
    {
        try
        {
            remove();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Another build was faster, or has it open.
        }
    }
}
