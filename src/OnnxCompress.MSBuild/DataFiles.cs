using OnnxCompress.Samples;

namespace OnnxCompress.MSBuild;

/// <summary>The files behind a path of calibration data, which the tool will read: they decide whether a model is up to date.</summary>
internal static class DataFiles
{
    /// <summary>All files that a file, folder or glob (<c>*</c>, <c>?</c>, <c>**</c>) stands for, in ordinal order.</summary>
    /// <param name="path">In full.</param>
    /// <returns>The path itself when nothing is there: the tool says what is wrong with it.</returns>
    public static IReadOnlyList<string> Expand(string path)
    {
        var files = File.Exists(path) ? []
            : Directory.Exists(path) ? FileGlob.InFolder(path).ToArray()
            : FileGlob.IsGlob(path) ? FileGlob.Matching(path).ToArray()
            : [];
        Array.Sort(files, StringComparer.Ordinal);
        return files.Length > 0 ? files : [path];
    }
}
