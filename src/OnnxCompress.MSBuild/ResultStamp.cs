using System.Security.Cryptography;

namespace OnnxCompress.MSBuild;

/// <summary>
/// What says that a folder holds a finished result: which run made it, from what, what it warned of, and the content of every file
/// of it. Written last. Lengths and times beside the hashes tell at once, in every build, whether somebody else wrote since.
/// </summary>
internal sealed class ResultStamp
{
    private const string Heading = "onnx-compress stamp 3";
    private const long Longest = 1 << 22;
    private const string WarningMark = "!";

    // What builds keep in the folder beside the result.
    private static readonly string[] Bookkeeping =
    [
        ModelOutput.ResponseName, ModelOutput.InputsName, ModelOutput.StampName, FolderLock.Name, CurrentRun.Name,
    ];

    private static readonly DateTime LongAgo = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private readonly string _run;
    private readonly string _madeFrom;
    private readonly List<StampedFile> _files;
    private readonly List<string[]> _warnings;

    private ResultStamp(string run, string madeFrom, List<string[]> warnings, List<StampedFile> files) =>
        (_run, _madeFrom, _warnings, _files) = (run, madeFrom, warnings, files);

    /// <summary>What the run warned of: a project may call that an error now, or no longer.</summary>
    public IReadOnlyList<(string Code, string Text)> Warnings => [.. _warnings.Select(parts => (parts[1], Uri.UnescapeDataString(parts[2])))];

    /// <summary>Names that no file of a result may have.</summary>
    public static IEnumerable<string> Reserved => Bookkeeping.SelectMany(name => new[] { name, name + BuildPaths.Unfinished });

    /// <summary>Reads a stamp.</summary>
    /// <returns>Null when there is none, or none that this version wrote whole.</returns>
    public static ResultStamp? Read(string folder)
    {
        var file = new FileInfo(Path.Combine(folder, ModelOutput.StampName));
        if (!file.Exists || file.Length > Longest)
        {
            return null;
        }

        var lines = File.ReadAllText(file.FullName).Split('\n');
        if (lines.Length < 5 || lines[0] != Heading || lines[lines.Length - 2] != "end" || lines[lines.Length - 1].Length > 0)
        {
            return null;
        }

        // Plain loops, here and below: every build reads a stamp, and what is compiled for it costs more than what it does.
        var (warnings, files) = (new List<string[]>(), new List<StampedFile>());
        for (var i = 3; i < lines.Length - 2; i++)
        {
            var parts = lines[i].Split(' ');
            if (parts.Length == 3 && parts[0] == WarningMark && files.Count == 0)
            {
                warnings.Add(parts);
            }
            else if (StampedFile.Parse(parts) is { } stamped)
            {
                files.Add(stamped);
            }
            else
            {
                return null;
            }
        }

        return new ResultStamp(lines[1], lines[2], warnings, files);
    }

    /// <summary>Stamps what lies in a folder.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="run">The run that made it.</param>
    /// <param name="madeFrom">The hash of all that it was made from.</param>
    /// <param name="warnings">What the run warned of.</param>
    /// <param name="cancellation">Stops it.</param>
    public static void Write(string folder, string run, string madeFrom, IEnumerable<(string Code, string Text)> warnings, CancellationToken cancellation)
    {
        var said = warnings.Select(warning => $"{WarningMark} {warning.Code} {Uri.EscapeDataString(warning.Text)}\n");
        var files = ResultFiles(folder).Select(path =>
        {
            var hash = Hash(path, cancellation);
            var file = new FileInfo(path);
            return FormattableString.Invariant($"{hash} {file.Length} {file.LastWriteTimeUtc.Ticks} {Uri.EscapeDataString(NameOf(folder, path))}\n");
        });
        BuildPaths.Replace(Path.Combine(folder, ModelOutput.StampName), $"{Heading}\n{run}\n{madeFrom}\n{string.Concat(said)}{string.Concat(files)}end\n");
    }

    /// <summary>Removes a result, the stamp first: a build that is killed on the way must not find it.</summary>
    public static void RemoveResult(string folder)
    {
        File.Delete(Path.Combine(folder, ModelOutput.StampName));
        foreach (var path in Directory.GetFiles(folder).Where(path => !Reserved.Contains(Path.GetFileName(path))))
        {
            File.Delete(path);
        }

        foreach (var path in Directory.GetDirectories(folder))
        {
            Directory.Delete(path, recursive: true);
        }
    }

    /// <summary>Whether every file has the length and the time that it was stamped with; cheap enough for every build.</summary>
    public bool LooksUntouched(string folder)
    {
        foreach (var entry in _files)
        {
            if (new FileInfo(Path.Combine(folder, entry.Name)) is not { Exists: true } file || file.Length != entry.Length || file.LastWriteTimeUtc.Ticks != entry.Time)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether the folder holds, byte for byte, what the current run made from this content.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="output">The model in it, which must be among the files.</param>
    /// <param name="run">The last run that was begun there.</param>
    /// <param name="madeFrom">The hash of all that it would be made from now.</param>
    /// <param name="cancellation">Stops it.</param>
    public bool Holds(string folder, string output, string run, string madeFrom, CancellationToken cancellation) =>
        run.Length > 0 && _run == run && _madeFrom == madeFrom
        && _files.Any(entry => entry.Name == NameOf(folder, output))
        && _files.All(entry => Path.Combine(folder, entry.Name) is var path && File.Exists(path) && Hash(path, cancellation) == entry.Hash);

    /// <summary>Gives every file of the result, and the stamp, today's time: what they are made from is newer, and the same.</summary>
    public void Touch(string folder, CancellationToken cancellation)
    {
        var now = DateTime.UtcNow;
        foreach (var file in _files)
        {
            File.SetLastWriteTimeUtc(Path.Combine(folder, file.Name), now);
        }

        Write(folder, _run, _madeFrom, Warnings, cancellation);
    }

    /// <summary>
    /// Makes the stamp older than all that the result is made from: times alone would call it up to date, so the next build has
    /// its content looked at and its warnings told.
    /// </summary>
    public static void Age(string folder) => File.SetLastWriteTimeUtc(Path.Combine(folder, ModelOutput.StampName), LongAgo);

    /// <summary>Every file of a result. Names that begin with a dot are what systems and editors leave in any folder.</summary>
    internal static IEnumerable<string> ResultFiles(string folder) => Files(folder)
        .Where(path => Path.GetDirectoryName(path) != folder || !Reserved.Contains(Path.GetFileName(path)))
        .Where(path => Path.GetFileName(path)[0] != '.')
        .OrderBy(path => path, StringComparer.Ordinal);

    private static IEnumerable<string> Files(string folder) => Directory.GetFiles(folder)
        .Concat(Directory.GetDirectories(folder).Where(inner => (File.GetAttributes(inner) & FileAttributes.ReparsePoint) == 0).SelectMany(Files));

    private static string NameOf(string folder, string path) => path.Substring(folder.Length + 1).Replace('\\', '/');

    private static string Hash(string path, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var sha = SHA256.Create();
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        return BuildPaths.Hex(sha.ComputeHash(stream));
    }
}
