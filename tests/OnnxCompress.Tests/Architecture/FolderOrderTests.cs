using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using OnnxCompress.Models;

namespace OnnxCompress.Tests.Architecture;

/// <summary>
/// The folders of the library lie in the order the data meets them, and a folder names only types of those before it: held on
/// symbols, which also sees constants, <c>nameof</c> and types of the root.
/// </summary>
public sealed class FolderOrderTests
{
    /// <summary>Files beside the project file: they put the stages together and may use all.</summary>
    private const string Root = ".";

    /// <summary>Files whose types one file may name.</summary>
    private const int LargestFanOut = 30;

    private static readonly string[] Order =
    [
        "Diagnostics", "Models", "Running", "Samples", "Simplification", "Dependencies", "Vocabularies", "Forms", "Calibration", "Timing", "Selection", "Allocation",
        "Rewriting", "Reconstruction", "Precision", "Verification", "Search", "Reporting", Root,
    ];

    private static readonly Lazy<Dictionary<string, HashSet<string>>> Named = new(Read);

    [Fact]
    public void Folders_name_only_types_of_the_folders_before_them()
    {
        var violations = Named.Value
            .SelectMany(file => file.Value.Select(other => (File: file.Key, Other: other)))
            .Where(use => Place(use.Other) > Place(use.File))
            .Select(use => $"{use.File} uses {use.Other}, which comes after it");

        Assert.Empty(violations);
    }

    [Fact]
    public void Every_folder_has_its_place_in_the_order() => Assert.Empty(Named.Value.Keys.Select(Folder).Except(Order));

    [Fact]
    public void No_file_knows_too_many_others()
    {
        var widest = Named.Value.OrderByDescending(file => file.Value.Count).Take(5).Select(file => $"{file.Value.Count} {file.Key}").ToArray();
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', widest));

        Assert.True(Named.Value.Values.Max(files => files.Count) <= LargestFanOut, string.Join('\n', widest));
    }

    private static int Place(string file) => Array.IndexOf(Order, Folder(file));

    private static string Folder(string file) => file.Split(Path.DirectorySeparatorChar) is [var folder, _, ..] ? folder : Root;

    /// <summary>For each source file, the other source files whose types it names.</summary>
    private static Dictionary<string, HashSet<string>> Read()
    {
        var root = SourceTrees.Root("OnnxCompress");
        SyntaxTree[] trees =
        [
            .. SourceTrees.Below("OnnxCompress"),
            CSharpSyntaxTree.ParseText(
                "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Threading; global using System.Threading.Tasks;",
                SourceTrees.Options),
        ];
        // What is generated is taken from the built library, which these sources hide where they declare the same.
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path));
        var compilation = CSharpCompilation.Create(
            typeof(OnnxModel).Assembly.GetName().Name, trees, references, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
        return trees.Where(tree => tree.FilePath.StartsWith(root, StringComparison.Ordinal)).ToDictionary(
            tree => Path.GetRelativePath(root, tree.FilePath),
            tree => FilesOf(compilation.GetSemanticModel(tree), tree, root),
            StringComparer.Ordinal);
    }

    private static HashSet<string> FilesOf(SemanticModel model, SyntaxTree tree, string root) =>
    [
        .. tree.GetRoot(TestContext.Current.CancellationToken).DescendantNodes().OfType<SimpleNameSyntax>()
            .Select(name => model.GetSymbolInfo(name).Symbol)
            .Select(symbol => symbol is ITypeSymbol type ? type : symbol?.ContainingType)
            .OfType<ITypeSymbol>()
            .SelectMany(type => type.OriginalDefinition.Locations)
            .Select(location => location.SourceTree?.FilePath)
            .OfType<string>()
            .Where(path => path != tree.FilePath && path.StartsWith(root, StringComparison.Ordinal))
            .Select(path => Path.GetRelativePath(root, path)),
    ];
}
