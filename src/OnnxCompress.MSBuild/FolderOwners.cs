namespace OnnxCompress.MSBuild;

/// <summary>
/// Which configuration and framework wants which model's folder, one small file each: a folder goes when nobody wants it.
/// All methods hold a lock on the whole cache, for no longer than it takes to write a list.
/// </summary>
internal sealed class FolderOwners
{
    private readonly string _cache;
    private readonly string _lists;
    private readonly string _mine;

    /// <summary>The lists of a cache.</summary>
    /// <param name="cacheFolder">In full.</param>
    /// <param name="owner">The intermediate folder of this configuration and framework, in full.</param>
    public FolderOwners(string cacheFolder, string owner)
    {
        _cache = cacheFolder;
        _lists = Path.Combine(cacheFolder, "owners");
        _mine = Path.Combine(_lists, BuildPaths.Hash(owner).Substring(0, 16) + ".txt");
    }

    /// <summary>Notes that folders are wanted, beside those that were.</summary>
    /// <param name="names">Names of folders in the cache.</param>
    public void Want(IEnumerable<string> names)
    {
        using var turn = Turn();
        var before = Read(_mine);
        var after = before.Union(names).ToArray();
        if (after.Length != before.Length)
        {
            File.WriteAllLines(_mine, after);
        }
    }

    /// <summary>Gives up every folder but some, and removes what nobody else wants.</summary>
    /// <param name="names">Folders still wanted.</param>
    public void KeepOnly(ISet<string> names)
    {
        using (var turn = Turn())
        {
            var before = Read(_mine);
            string[] dropped = [.. before.Where(name => !names.Contains(name))];
            if (dropped.Length > 0 || before.Length != names.Count)
            {
                Write(names);
                var others = new HashSet<string>(Directory.GetFiles(_lists, "*.txt").SelectMany(Read));
                foreach (var folder in dropped.Where(name => !others.Contains(name)).Select(name => Path.Combine(_cache, name)).Where(Directory.Exists))
                {
                    Directory.Delete(folder, recursive: true);
                }
            }

            if (Directory.GetFiles(_lists, "*.txt").Length > 0)
            {
                return;
            }
        }

        RemoveEmpty();
    }

    private void Write(ICollection<string> names)
    {
        if (names.Count > 0)
        {
            File.WriteAllLines(_mine, names);
        }
        else
        {
            File.Delete(_mine);
        }
    }

    private void RemoveEmpty()
    {
        try
        {
            Directory.Delete(_lists, recursive: true);
            Directory.Delete(_cache);
        }
        catch (IOException)
        {
            // Somebody else began to use it: what is theirs stays.
        }
    }

    private static string[] Read(string list) => File.Exists(list) ? File.ReadAllLines(list) : [];

    private FileStream Turn()
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                _ = Directory.CreateDirectory(_lists);
                return new FileStream(Path.Combine(_lists, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (tries < 600)
            {
                Thread.Sleep(50);
            }
        }
    }
}
