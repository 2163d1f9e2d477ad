using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using OnnxCompress.Testing;

namespace OnnxCompress.Tests.Architecture;

/// <summary>Source files as syntax, generated ones apart.</summary>
internal static class SourceTrees
{
    /// <summary>How the sources are read.</summary>
    public static CSharpParseOptions Options { get; } = new(LanguageVersion.Latest);

    /// <summary>The folder <c>src</c>, or one in it.</summary>
    public static string Root(params string[] folders) => RepositoryFiles.Path(["src", .. folders]);

    /// <summary>Everything below <c>src</c>, or below one folder of it.</summary>
    public static SyntaxTree[] Below(params string[] folders)
    {
        var root = Root(folders);
        return
        [
            .. Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
                .Where(file => !Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"))
                .Select(file => CSharpSyntaxTree.ParseText(File.ReadAllText(file), Options, file)),
        ];
    }
}
