using System.Text;
using System.Text.RegularExpressions;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Calibration.Data;

/// <summary>Turns what the user names (a file, a folder, a glob) into files.</summary>
internal static partial class DataPaths
{
    private const int MostFiles = 10_000_000;

    /// <summary>What the extensions that are read are called in messages.</summary>
    public const string Known = ".npy, .npz, .pb, .png, .csv and .jsonl";

    /// <summary>All files that a path stands for, in an order that does not depend on the file system.</summary>
    /// <param name="path">A file, a folder with pictures or test data sets, or a glob with <c>*</c>, <c>?</c> and <c>**</c>.</param>
    /// <exception cref="OnnxCompressException">OCX3001: nothing is there.</exception>
    public static IReadOnlyList<string> Expand(string path)
    {
        if (File.Exists(path))
        {
            return [path];
        }

        if (Directory.Exists(path))
        {
            return InFolder(path);
        }

        return path.AsSpan().ContainsAny('*', '?') ? Matching(path)
            : throw new OnnxCompressException(DiagnosticCodes.DataNotFound, $"The data file '{path}' does not exist.");
    }

    /// <summary>The position of an input that a file of an ONNX test data set is for: <c>input_1.pb</c> is for the second; null for other names.</summary>
    public static int? InputPosition(string path) =>
        TestInput().Match(Path.GetFileName(path)) is { Success: true } match && int.TryParse(match.Groups[1].ValueSpan, out var position) ? position : null;

    // Pictures may lie in folders by class; other formats are named one by one, because a folder of them is rarely one data set.
    private static string[] InFolder(string folder)
    {
        var all = Files(folder).ToArray();
        var pictures = all.Where(file => HasExtension(file, ".png")).ToArray();
        var tensors = all.Where(file => InputPosition(file) is not null).ToArray();
        return pictures.Length > 0 ? pictures
            : tensors.Length > 0 ? tensors
            : throw new OnnxCompressException(
                DiagnosticCodes.DataNotFound, $"The folder '{folder}' holds neither .png pictures nor input_0.pb tensors; name files of other formats ({Known}) one by one or with a glob.");
    }

    private static string[] Matching(string glob)
    {
        var normal = glob.Replace('\\', '/');
        var wild = normal.AsSpan().IndexOfAny('*', '?');
        var cut = normal.LastIndexOf('/', wild);
        var folder = cut < 0 ? "." : cut == 0 ? "/" : normal[..cut];
        var pattern = new Regex(ToRegex(normal[(cut + 1)..]), RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        var found = Directory.Exists(folder)
            ? Files(folder).Where(file => pattern.IsMatch(Path.GetRelativePath(folder, file).Replace('\\', '/'))).ToArray()
            : [];
        return found.Length > 0 ? found : throw new OnnxCompressException(DiagnosticCodes.DataNotFound, $"No file matches '{glob}'.");
    }

    /// <summary>
    /// The files of a folder and of those in it, hidden ones apart. Each folder is entered once, whatever links lead to it:
    /// links that lead back would otherwise make more ways than there are files.
    /// </summary>
    private static IEnumerable<string> Files(string folder)
    {
        var options = new EnumerationOptions { IgnoreInaccessible = true };
        var files = new List<string>();
        var entered = new HashSet<string>(StringComparer.Ordinal) { InputFile.FolderIdentity(folder) };
        var waiting = new Queue<string>([folder]);
        while (waiting.TryDequeue(out var next))
        {
            foreach (var file in Directory.EnumerateFiles(next, "*", options))
            {
                if (files.Count == MostFiles)
                {
                    throw new OnnxCompressException(DiagnosticCodes.DataMalformed, $"'{folder}' holds more than {MostFiles} files.");
                }

                files.Add(file);
            }

            // In a fixed order: of two ways to a folder the same one is taken everywhere.
            foreach (var inner in Directory.EnumerateDirectories(next, "*", options).Order(StringComparer.Ordinal).Where(f => entered.Add(InputFile.FolderIdentity(f))))
            {
                waiting.Enqueue(inner);
            }
        }

        return files.Order(StringComparer.Ordinal);
    }

    /// <summary>Whether a file's name ends so, whatever the case.</summary>
    public static bool HasExtension(string path, string extension) => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase);

    private static string ToRegex(string glob)
    {
        var regex = new StringBuilder("^");
        for (var i = 0; i < glob.Length; i++)
        {
            if (glob.AsSpan(i).StartsWith("**/"))
            {
                regex.Append("(?:.*/)?");
                i += 2;
            }
            else if (glob.AsSpan(i).StartsWith("**"))
            {
                regex.Append(".*");
                i++;
            }
            else
            {
                regex.Append(glob[i] switch { '*' => "[^/]*", '?' => "[^/]", var c => Regex.Escape(c.ToString()) });
            }
        }

        return regex.Append('$').ToString();
    }

    [GeneratedRegex(@"^input_(\d{1,4})\.pb$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex TestInput();
}
