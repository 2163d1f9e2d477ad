using System.Text;
using System.Text.RegularExpressions;

namespace OnnxCompress.MSBuild;

/// <summary>The files behind a path of calibration data, which the tool will read: they decide whether a model is up to date.</summary>
internal static class DataFiles
{
    /// <summary>All files that a file, folder or glob (<c>*</c>, <c>?</c>, <c>**</c>) stands for, in ordinal order.</summary>
    /// <param name="path">In full.</param>
    /// <returns>The path itself when nothing is there: the tool says what is wrong with it.</returns>
    public static IReadOnlyList<string> Expand(string path)
    {
        if (File.Exists(path))
        {
            return [path];
        }

        var wild = path.IndexOfAny(['*', '?']);
        var folder = wild < 0 ? path : path.Substring(0, path.LastIndexOfAny(['/', Path.DirectorySeparatorChar], wild) + 1);
        if (!Directory.Exists(folder))
        {
            return [path];
        }

        var pattern = wild < 0 ? null : new Regex(ToRegex(path.Substring(folder.Length).Replace('\\', '/')), RegexOptions.CultureInvariant);
        var start = folder.TrimEnd('/', Path.DirectorySeparatorChar).Length + 1;
        string[] files =
        [
            .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Where(file => pattern is null || pattern.IsMatch(file.Substring(start).Replace('\\', '/')))
                .OrderBy(file => file, StringComparer.Ordinal),
        ];
        return files.Length > 0 ? files : [path];
    }

    // The tool's own reading of globs.
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
