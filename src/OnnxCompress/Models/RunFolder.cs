using OnnxCompress.Diagnostics;

namespace OnnxCompress.Models;

/// <summary>
/// The temporary files of this process, which may hold the user's data: in one folder that only the user can enter, under a
/// name that nobody can foresee. A lock in it is held for as long as the process lives; the next process of the same user
/// removes folders whose lock is free, so that nothing stays when a process is killed.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    /// <summary>What names of such folders begin with.</summary>
    public const string Prefix = "onnx-compress-run-";

    private const string LockName = "lock";
    private const int Attempts = 8;

    /// <summary>A folder without a lock is left alone this long.</summary>
    private static readonly TimeSpan WithoutLock = TimeSpan.FromHours(1);

    // One folder for the process, made when first needed: what ends with the process belongs to the process.
    private static readonly Lock Turn = new();
    private static RunFolder? _current;

    private readonly FileStream _lock;

    private RunFolder(string path, FileStream @lock)
    {
        (Path, _lock) = (path, @lock);
        AppDomain.CurrentDomain.ProcessExit += Leave;
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Makes a file that has no name, or, on Windows, goes with its handle.</summary>
    /// <exception cref="OnnxCompressException">OCX9017: the temporary folder is missing or cannot be written to.</exception>
    public static FileStream CreateFile() => Guarded(() =>
    {
        var path = System.IO.Path.Combine(Current().Path, System.IO.Path.GetRandomFileName());
        var file = new FileStream(path, Private(FileMode.CreateNew, FileShare.Delete, FileOptions.DeleteOnClose));
        if (!OperatingSystem.IsWindows())
        {
            // The name goes at once, so that nothing is left behind however the process ends.
            File.Delete(path);
        }

        return file;
    });

    /// <summary>Makes a folder, for what needs a name; whoever asks for it deletes it.</summary>
    /// <exception cref="OnnxCompressException">OCX9017: the temporary folder is missing or cannot be written to.</exception>
    public static string CreateFolder() => Guarded(() =>
    {
        var path = System.IO.Path.Combine(Current().Path, System.IO.Path.GetRandomFileName());
        return Directory.CreateDirectory(path).FullName;
    });

    /// <summary>Makes a file in a folder of <see cref="CreateFolder"/>, readable for the user alone.</summary>
    public static FileStream CreateFile(string path) => new(path, Private(FileMode.CreateNew, FileShare.None, FileOptions.None));

    /// <summary>Does something with temporary files; what goes wrong there is the environment's fault.</summary>
    /// <exception cref="OnnxCompressException">OCX9017.</exception>
    public static T Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        // The last is what .NET makes of a file that is too large for its file system or for a quota.
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" })
        {
            throw new OnnxCompressException(
                DiagnosticCodes.TemporaryFolderUnusable,
                $"Temporary files cannot be kept in '{System.IO.Path.GetTempPath()}': {failure.Message} Make room there, or name another folder with {(OperatingSystem.IsWindows() ? "TEMP" : "TMPDIR")}.",
                failure);
        }
    }

    /// <inheritdoc cref="Guarded{T}"/>
    public static void Guarded(Action work) => Guarded(() =>
    {
        work();
        return true;
    });

    /// <summary>Makes a folder and locks it.</summary>
    /// <exception cref="IOException">The temporary folder is missing or cannot be written to.</exception>
    public static RunFolder Create()
    {
        for (var attempt = 1; ; attempt++)
        {
            var path = Directory.CreateTempSubdirectory(Prefix).FullName;
            try
            {
#pragma warning disable CA2000 // The folder closes it.
                var folder = new RunFolder(path, new FileStream(System.IO.Path.Combine(path, LockName), Private(FileMode.CreateNew, FileShare.None, FileOptions.None)));
#pragma warning restore CA2000
                folder.RemoveLeftOvers();
                return folder;
            }
            catch (IOException) when (attempt < Attempts && File.Exists(System.IO.Path.Combine(path, LockName)))
            {
                // Another process looked whether the lock is free before it was taken, and removes the folder.
            }
            catch
            {
                Remove(path);
                throw;
            }
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= Leave;
        _lock.Dispose();
        Remove(Path);
    }

    private static RunFolder Current()
    {
        lock (Turn)
        {
            // Somebody may have tidied up the temporary folder under a process that runs for weeks.
            if (_current is not null && !Directory.Exists(_current.Path))
            {
                _current.Dispose();
                _current = null;
            }

            return _current ??= Create();
        }
    }

    /// <summary>Removes folders whose owners are gone.</summary>
    private void RemoveLeftOvers()
    {
        // Where locks are not kept, nothing tells whether an owner lives.
        if (IsFree(Path))
        {
            return;
        }

        var owner = FileIdentity.OfEntry(Path).Owner;
        foreach (var folder in Directory.EnumerateDirectories(System.IO.Path.GetDirectoryName(Path)!, Prefix + "*"))
        {
            // A link, or a folder of another user that is called like ours, is not ours.
            if (FileIdentity.OfEntry(folder) is { Kind: FileKind.Folder } entry && entry.Owner == owner && IsFree(folder))
            {
                Remove(folder);
            }
        }
    }

    private static bool IsFree(string folder)
    {
        try
        {
            using var free = new FileStream(System.IO.Path.Combine(folder, LockName), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return true;
        }
        catch (FileNotFoundException)
        {
            // Its owner is about to make the lock, or was killed before it did.
            return DateTime.UtcNow - Directory.GetLastWriteTimeUtc(folder) > WithoutLock;
        }
        catch (Exception taken) when (taken is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It has gone, or another process removes it, too; what is left, the next one finds.
        }
    }

    private static FileStreamOptions Private(FileMode mode, FileShare share, FileOptions options)
    {
        var wanted = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = share, Options = options, BufferSize = 1 };
        if (!OperatingSystem.IsWindows())
        {
            wanted.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return wanted;
    }

    private void Leave(object? sender, EventArgs e) => Dispose();
}
