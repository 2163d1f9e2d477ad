namespace OnnxCompress.MSBuild;

/// <summary>The files that make the tool what it is: another one of them can give another result.</summary>
internal static class ToolFiles
{
    /// <summary>The main file, the assemblies that belong to it, and the list of the packages it runs on.</summary>
    /// <param name="tool">The tool's main file, in full.</param>
    public static IReadOnlyList<string> Of(string tool)
    {
        var folder = Path.GetDirectoryName(tool);
        return string.IsNullOrEmpty(folder) || !Directory.Exists(folder) ? [tool] :
        [
            tool,
            .. Directory.GetFiles(folder, "OnnxCompress*.dll").Concat(Directory.GetFiles(folder, Path.GetFileNameWithoutExtension(tool) + ".deps.json"))
                .Where(path => path != tool).OrderBy(path => path, StringComparer.Ordinal),
        ];
    }
}
