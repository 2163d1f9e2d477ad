using System.Security.Cryptography;
using OnnxCompress.Models;

namespace OnnxCompress.MSBuild;

/// <summary>
/// Results of earlier builds, also of other projects, under what they were made from. Nothing that goes wrong here fails a
/// build: what cannot be read, or must not be trusted, is told and made anew.
/// </summary>
/// <param name="root">The folder of the cache, in full.</param>
/// <param name="mode">What this build may do.</param>
/// <param name="key">What the result is made from.</param>
/// <param name="ignored">Takes the reason why the cache, or the entry, is not used.</param>
internal sealed class ResultCache(string root, CacheMode mode, ContentKey key, Action<string> ignored)
{
    // Another build compresses the same just now; it may be a large model. After that this build does it itself.
    private static readonly TimeSpan LongestTurn = TimeSpan.FromMinutes(30);

    private readonly CacheFolder _folder = new(root);
    private readonly HashSet<string> _told = [];

    /// <summary>Copies the entry of the key, if there is one, to where the tool would have written its files.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="beside">Files that the project wants elsewhere, in order.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>What the run that made it warned of; null when there is nothing that counts.</returns>
    public IReadOnlyList<(string Code, string Text)>? Take(string folder, IReadOnlyList<string> beside, CancellationToken cancellation)
    {
        var entry = _folder.Entry(key.Hash);
        if ((mode & CacheMode.Read) == 0 || !Directory.Exists(entry))
        {
            return null;
        }

        var copies = new List<(string Unfinished, string Target)>();
        try
        {
            Refuse(PrivateFolder.Objection(root, FileKind.Folder, follow: true) ?? PrivateFolder.Objection(entry, FileKind.Folder));
            var said = ReadEntry(Path.Combine(entry, CacheEntry.Name));
            foreach (var (name, hash) in said.Files)
            {
                var target = CacheNames.Place(name, folder, beside) ?? throw new InvalidDataException($"'{entry}' holds '{name}', which this build has no place for");
                var copy = (Unfinished: target + BuildPaths.Unfinished, Target: target);
                copies.Add(copy);
                var source = Path.Combine(entry, name);
                Refuse(PrivateFolder.Objection(source, FileKind.Regular));
                if (Copy(source, copy.Unfinished, cancellation) != hash)
                {
                    throw new InvalidDataException($"'{source}' is not what was kept there");
                }
            }

            copies.ForEach(copy => Move(copy.Unfinished, copy.Target));
            if ((mode & CacheMode.Write) != 0)
            {
                _folder.Touch(key.Hash);
            }

            return said.Warnings;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException or FileRefusedException)
        {
            Drop(copies);
            Tell(failure.Message);
            return null;
        }
    }

    /// <summary>
    /// Waits until no other build makes the same result. Only builds that read and write wait for each other: no other one
    /// would find what it waited for, or leave it.
    /// </summary>
    /// <returns>To be disposed when the result is kept; null when there is nobody to wait for, or no use in it.</returns>
    public IDisposable? Turn(Action waiting, CancellationToken cancellation)
    {
        if (mode != CacheMode.ReadWrite)
        {
            return null;
        }

        try
        {
            PrivateFolder.Create(root);
            return PrivateFolder.Objection(root, FileKind.Folder, follow: true) is null ? FileTurn.Take(_folder.Lock(key.Hash), LongestTurn, waiting, cancellation) : null;
        }
        catch (FolderBusyException busy)
        {
            Tell(busy.Message);
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Keep will say why.
            return null;
        }
    }

    /// <summary>Keeps a result for later builds.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="beside">Files that the project wants elsewhere, in order.</param>
    /// <param name="warnings">What the run warned of.</param>
    /// <param name="cancellation">Stops it.</param>
    public void Keep(string folder, IReadOnlyList<string> beside, IReadOnlyList<(string Code, string Text)> warnings, CancellationToken cancellation)
    {
        if ((mode & CacheMode.Write) == 0)
        {
            return;
        }

        var unfinished = _folder.Unfinished();
        try
        {
            PrivateFolder.Create(root);
            Refuse(PrivateFolder.Objection(root, FileKind.Folder, follow: true));
            PrivateFolder.Create(unfinished);
            var files = CacheNames.Of(folder, beside).Select(file => (file.Name, Copy(file.Path, Path.Combine(unfinished, file.Name), cancellation))).ToList();
            BuildPaths.Replace(Path.Combine(unfinished, CacheEntry.Name), new CacheEntry(key.Lines, warnings, files).Text);
            _folder.Place(unfinished, key.Hash);
            _folder.Prune(key.Hash, DateTime.UtcNow, CacheFolder.MostBytes);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException or FileRefusedException)
        {
            Tell(failure.Message);
        }
        finally
        {
            RemoveUnfinished(unfinished);
        }
    }

    // A build looks twice where it has waited for another.
    private void Tell(string reason)
    {
        if (_told.Add(reason))
        {
            ignored($"{reason.TrimEnd('.')}.");
        }
    }

    private CacheEntry ReadEntry(string path)
    {
        Refuse(PrivateFolder.Objection(path, FileKind.Regular));
        using var file = RegularFile.Open(path);
        return CacheEntry.Read(file.Stream) is { } entry && ContentKey.HashOf(entry.MadeFrom) == key.Hash
            ? entry
            : throw new InvalidDataException($"'{path}' does not say what it should");
    }

    private static void Refuse(string? objection)
    {
        if (objection is not null)
        {
            throw new InvalidDataException(objection);
        }
    }

    private static string Copy(string from, string to, CancellationToken cancellation)
    {
        using var hash = SHA256.Create();
        using var source = RegularFile.Open(from);
        using var target = new FileStream(to, FileMode.Create, FileAccess.Write, FileShare.None);
        var buffer = new byte[1 << 16];
        for (int read; (read = source.Stream.Read(buffer, 0, buffer.Length)) > 0;)
        {
            cancellation.ThrowIfCancellationRequested();
            target.Write(buffer, 0, read);
            _ = hash.TransformBlock(buffer, 0, read, null, 0);
        }

        target.Flush(flushToDisk: true);
        _ = hash.TransformFinalBlock([], 0, 0);
        return BuildPaths.Hex(hash.Hash!);
    }

    private static void Move(string unfinished, string target)
    {
        if (File.Exists(target))
        {
            File.Replace(unfinished, target, null);
        }
        else
        {
            File.Move(unfinished, target);
        }
    }

    private static void Drop(IEnumerable<(string Unfinished, string Target)> copies)
    {
        foreach (var (unfinished, _) in copies)
        {
            try
            {
                File.Delete(unfinished);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // The run that follows clears the model's folder and says what cannot be written.
            }
        }
    }

    private static void RemoveUnfinished(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The next build that prunes removes it after a day.
        }
    }
}
