using System.Text;
using System.Text.RegularExpressions;

namespace OnnxCompress.Samples;

/// <summary>
/// The files that a folder or a glob stands for. The tool and the build task are compiled from this one file, so that what
/// the build watches is what the tool reads.
/// </summary>
/// <remarks>
/// <c>*</c> and <c>?</c> stand for what has no <c>/</c>, <c>**</c> for any number of folders; case counts. Hidden files and folders are
/// passed over. Links to files are followed; links to folders are not, since they may lead back: a glob or path that begins
/// at one enters it.
/// </remarks>
internal static class FileGlob
{
    private static readonly char[] Wild = ['*', '?'];

    /// <summary>Whether a path has a wildcard in it.</summary>
    public static bool IsGlob(string path) => path.IndexOfAny(Wild) >= 0;

    /// <summary>All files of a folder and of the folders in it, in no particular order.</summary>
    /// <param name="folder">A folder that is there.</param>
    public static IEnumerable<string> InFolder(string folder) => Files(folder, int.MaxValue);

    /// <summary>The files that match, in no particular order; none where the folder that the glob begins with is not there.</summary>
    /// <param name="glob">Has a wildcard.</param>
    public static IEnumerable<string> Matching(string glob)
    {
        var normal = Slashes(glob);
        var cut = normal.LastIndexOf('/', normal.IndexOfAny(Wild));
        var folder = cut < 0 ? "." : cut == 0 ? "/" : normal.Substring(0, cut);
        var rest = normal.Substring(cut + 1);
        if (!Directory.Exists(folder))
        {
            return [];
        }

        var pattern = new Regex(ToRegex(rest), RegexOptions.CultureInvariant);
        var start = folder[folder.Length - 1] == '/' ? folder.Length : folder.Length + 1;
        var depth = rest.IndexOf("**", StringComparison.Ordinal) < 0 ? rest.Split('/').Length - 1 : int.MaxValue;
        return Files(folder, depth).Where(file => pattern.IsMatch(Slashes(file.Substring(start))));
    }

    private static string Slashes(string path) => Path.DirectorySeparatorChar == '/' ? path : path.Replace('\\', '/');

    private static IEnumerable<string> Files(string folder, int depth)
    {
        var waiting = new Queue<(string Folder, int Depth)>();
        waiting.Enqueue((folder, 0));
        while (waiting.Count > 0)
        {
            var (next, level) = waiting.Dequeue();
            foreach (var entry in Entries(next))
            {
                if ((entry.Attributes & (FileAttributes.Hidden | FileAttributes.System)) != 0)
                {
                    continue;
                }

                var path = Path.Combine(next, entry.Name);
                if (entry is FileInfo)
                {
                    yield return path;
                }
                else if (level < depth && (entry.Attributes & FileAttributes.ReparsePoint) == 0)
                {
                    waiting.Enqueue((path, level + 1));
                }
            }
        }
    }

    private static FileSystemInfo[] Entries(string folder)
    {
        try
        {
            return new DirectoryInfo(folder).GetFileSystemInfos();
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException or DirectoryNotFoundException)
        {
            // What may not be looked into, or went away meanwhile, holds nothing that could be read.
            return [];
        }
    }

    private static string ToRegex(string glob)
    {
        var regex = new StringBuilder("^");
        for (var i = 0; i < glob.Length; i++)
        {
            if (string.CompareOrdinal(glob, i, "**/", 0, 3) == 0)
            {
                _ = regex.Append("(?:.*/)?");
                i += 2;
            }
            else if (string.CompareOrdinal(glob, i, "**", 0, 2) == 0)
            {
                _ = regex.Append(".*");
                i++;
            }
            else
            {
                _ = regex.Append(glob[i] switch { '*' => "[^/]*", '?' => "[^/]", var c => Regex.Escape(c.ToString()) });
            }
        }

        return regex.Append('$').ToString();
    }
}
