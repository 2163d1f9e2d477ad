namespace OnnxCompress.MSBuild;

/// <summary>
/// Which configuration and framework wants which model's folder, one small file each: a folder goes when nobody wants it.
/// All methods hold a lock on the whole cache, for no longer than it takes to write a list.
/// </summary>
internal sealed class FolderOwners
{
    private const string Lists = "owners";

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private readonly string _cache;
    private readonly string _lists;
    private readonly string _mine;

    /// <summary>The lists of a folder of results.</summary>
    /// <param name="resultsFolder">In full.</param>
    /// <param name="owner">The intermediate folder of this configuration and framework, in full.</param>
    public FolderOwners(string resultsFolder, string owner)
    {
        _cache = resultsFolder;
        _lists = Path.Combine(resultsFolder, Lists);
        _mine = Path.Combine(_lists, BuildPaths.Hash(owner).Substring(0, 16) + ".txt");
    }

    /// <summary>Notes that folders are wanted, beside those that were, and describes them before anybody else can.</summary>
    /// <param name="names">Names of folders in the cache.</param>
    /// <param name="describe">Writes what builds keep in the folders.</param>
    /// <exception cref="FolderBusyException">Another build holds the cache.</exception>
    public void Want(IEnumerable<string> names, Action describe)
    {
        using var turn = Turn();
        var before = Read(_mine);
        var after = before.Union(names).ToArray();
        if (after.Length != before.Length)
        {
            File.WriteAllLines(_mine, after);
        }

        describe();
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
                var kept = dropped.Where(name => !others.Contains(name) && !Remove(name)).ToArray();
                if (kept.Length > 0)
                {
                    // A process has a file open there: the next build tries again.
                    Write([.. names, .. kept]);
                }
            }

            if (Directory.GetFiles(_lists, "*.txt").Length > 0)
            {
                return;
            }
        }

        RemoveEmpty();
    }

    private bool Remove(string name)
    {
        try
        {
            if (Directory.Exists(Path.Combine(_cache, name)))
            {
                Directory.Delete(Path.Combine(_cache, name), recursive: true);
            }

            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
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

    // What is no plain name, damaged or made by hand, is never a folder to delete.
    private static string[] Read(string list) => File.Exists(list)
        ? [.. File.ReadAllLines(list).Where(name => name.Trim('.', ' ').Length > 0 && name.IndexOfAny(['/', '\\', ':', '\0']) < 0 && name != Lists)]
        : [];

    private FileStream Turn()
    {
        _ = Directory.CreateDirectory(_lists);
        return FileTurn.Take(Path.Combine(_lists, "lock"), Longest, () => { }, CancellationToken.None);
    }
}
