using System.Security.Cryptography;
using OnnxCompress.Models;

namespace OnnxCompress.MSBuild;

/// <summary>
/// What a result is made from, by content: a checkout changes times, not content, another project has other paths, and
/// compressing takes minutes.
/// </summary>
internal sealed class ContentKey
{
    private ContentKey(IReadOnlyList<string> lines) => (Lines, Hash) = (lines, HashOf(lines));

    /// <summary>Everything that the result depends on, a line each: options without paths, and the SHA-256 of each file.</summary>
    public IReadOnlyList<string> Lines { get; }

    /// <summary>The SHA-256 of all lines.</summary>
    public string Hash { get; }

    /// <summary>Reads the files.</summary>
    /// <param name="options">Options, and all else that is no file.</param>
    /// <param name="files">Files, in order, with what each is for.</param>
    /// <param name="open">Opens one of them.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="FileRefusedException">A file is not one that is read.</exception>
    public static ContentKey Compute(
        IEnumerable<string> options, IEnumerable<(string For, string Path)> files, Func<string, RegularFile> open, CancellationToken cancellation)
    {
        var lines = options.Select(option => $"option {Uri.EscapeDataString(option)}").ToList();
        foreach (var (purpose, path) in files)
        {
            cancellation.ThrowIfCancellationRequested();
            var hash = "absent";
            if (File.Exists(path))
            {
                using var one = SHA256.Create();
                using var file = open(path);
                hash = BuildPaths.Hex(one.ComputeHash(file.Stream));
            }

            lines.Add($"{purpose} {hash}");
        }

        return new(lines);
    }

    /// <summary>The SHA-256 of lines that somebody else has kept.</summary>
    public static string HashOf(IEnumerable<string> lines) => BuildPaths.Hash(string.Concat(lines.Select(line => line + "\n")));
}
