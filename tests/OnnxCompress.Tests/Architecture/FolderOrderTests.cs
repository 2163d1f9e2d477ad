using System.Text.RegularExpressions;
using OnnxCompress.Testing;

namespace OnnxCompress.Tests.Architecture;

/// <summary>The folders of the library lie in the order the data meets them, and a folder uses only those above it.</summary>
public sealed partial class FolderOrderTests
{
    private static readonly string[] Order =
    [
        "Diagnostics", "Models", "Simplification", "Dependencies", "Calibration", "Selection", "Allocation", "Rewriting",
        "Reconstruction", "Verification", "Search", "Reporting",
    ];

    /// <summary>
    /// What uses a later folder, each with its reason. Simplification runs constants through the runtime seam, which
    /// calibration owns.
    /// </summary>
    private static readonly HashSet<(string Folder, string Uses)> Allowed = [("Simplification", "Calibration")];

    [Fact]
    public void Folders_use_only_the_folders_above_them()
    {
        var root = RepositoryFiles.Path("src", "OnnxCompress");
        var violations = new List<string>();
        foreach (var file in Sources(root))
        {
            var folder = Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar)[0];
            foreach (var (line, text) in File.ReadLines(file).Index())
            {
                if (Usage().Match(text) is { Success: true } match
                    && Array.IndexOf(Order, match.Groups[1].Value) > Array.IndexOf(Order, folder)
                    && !Allowed.Contains((folder, match.Groups[1].Value)))
                {
                    violations.Add($"{Path.GetRelativePath(root, file)}({line + 1}): {folder} uses {match.Groups[1].Value}, which comes after it");
                }
            }
        }

        Assert.True(violations.Count == 0, string.Join('\n', violations));
    }

    [Fact]
    public void Every_folder_has_its_place_in_the_order()
    {
        var root = RepositoryFiles.Path("src", "OnnxCompress");

        var unknown = Sources(root).Select(f => Path.GetRelativePath(root, f).Split(Path.DirectorySeparatorChar)[0]).Except(Order);

        Assert.Empty(unknown);
    }

    /// <summary>Files in folders; those beside the project file put the stages together and may use all.</summary>
    private static IEnumerable<string> Sources(string root) =>
        Directory.EnumerateDirectories(root)
            .Where(d => Path.GetFileName(d) is not ("bin" or "obj"))
            .SelectMany(d => Directory.EnumerateFiles(d, "*.cs", SearchOption.AllDirectories));

    [GeneratedRegex(@"^\s*(?:global\s+)?using\s+(?:static\s+|\w+\s*=\s*)?OnnxCompress\.(\w+)")]
    private static partial Regex Usage();
}
