using System.Text.RegularExpressions;
using OnnxCompress.Samples.Images;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Samples;

/// <summary>Turns what the user names (a file, a folder, a glob) into files.</summary>
internal static partial class DataPaths
{
    private const int MostFiles = 10_000_000;

    /// <summary>What the extensions that are read are called in messages.</summary>
    public const string Known = $".npy, .npz, .pb, .csv, .jsonl and pictures ({PictureFormats.Known})";

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

        return FileGlob.IsGlob(path) ? Matching(path)
            : throw new OnnxCompressException(DiagnosticCodes.DataNotFound, $"The data file '{path}' does not exist.");
    }

    /// <summary>The position of an input that a file of an ONNX test data set is for: <c>input_1.pb</c> is for the second; null for other names.</summary>
    public static int? InputPosition(string path) =>
        TestInput().Match(Path.GetFileName(path)) is { Success: true } match && int.TryParse(match.Groups[1].ValueSpan, out var position) ? position : null;

    // Pictures may lie in folders by class; other formats are named one by one, because a folder of them is rarely one data set.
    private static string[] InFolder(string folder)
    {
        var all = InOrder(folder, FileGlob.InFolder(folder));
        var pictures = all.Where(PictureFormats.IsPicture).ToArray();
        var tensors = all.Where(file => InputPosition(file) is not null).ToArray();
        return pictures.Length > 0 ? pictures
            : tensors.Length > 0 ? tensors
            : throw new OnnxCompressException(
                DiagnosticCodes.DataNotFound,
                $"The folder '{folder}' holds neither pictures ({PictureFormats.Known}) nor input_0.pb tensors; name files of other formats ({Known}) one by one or with a glob.");
    }

    private static string[] Matching(string glob)
    {
        var found = InOrder(glob, FileGlob.Matching(glob));
        return found.Length > 0 ? found : throw new OnnxCompressException(DiagnosticCodes.DataNotFound, $"No file matches '{glob}'.");
    }

    private static string[] InOrder(string path, IEnumerable<string> files)
    {
        var all = files.Take(MostFiles + 1).ToArray();
        Array.Sort(all, StringComparer.Ordinal);
        return all.Length <= MostFiles ? all : throw new OnnxCompressException(DiagnosticCodes.DataMalformed, $"'{path}' holds more than {MostFiles} files.");
    }

    [GeneratedRegex(@"^input_(\d{1,4})\.pb$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex TestInput();
}
