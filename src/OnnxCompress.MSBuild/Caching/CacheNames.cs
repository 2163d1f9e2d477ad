using System.Globalization;

namespace OnnxCompress.MSBuild;

/// <summary>
/// What the files of a result are called in an entry: those of the model's folder as they are, those that a project wants
/// elsewhere by their number, so that projects which want them elsewhere share the entry.
/// </summary>
internal static class CacheNames
{
    private const string Elsewhere = "+";

    /// <summary>All files of a result.</summary>
    /// <exception cref="InvalidDataException">It has a file in a folder of its own, or none of those that it should have.</exception>
    public static IReadOnlyList<(string Name, string Path)> Of(string folder, IReadOnlyList<string> beside)
    {
        var files = ResultStamp.ResultFiles(folder).Select(path => (Name: BuildPaths.Inside(folder, path)!, Path: path)).ToList();
        files.AddRange(beside.Select((path, i) => (Name: Elsewhere + i.ToString(CultureInfo.InvariantCulture), Path: path)));
        return files.TrueForAll(file => CacheEntry.IsPlain(file.Name)) ? files : throw new InvalidDataException($"'{folder}' holds folders");
    }

    /// <summary>Where a file of an entry goes.</summary>
    /// <returns>Null when there is no place for it.</returns>
    public static string? Place(string name, string folder, IReadOnlyList<string> beside)
    {
        if (!name.StartsWith(Elsewhere, StringComparison.Ordinal))
        {
            return ResultStamp.Reserved.Contains(name, StringComparer.OrdinalIgnoreCase) ? null : Path.Combine(folder, name);
        }

        return int.TryParse(name.Substring(1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < beside.Count ? beside[number] : null;
    }
}
