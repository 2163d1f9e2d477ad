using System.IO.Enumeration;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies;

/// <summary>Turns <c>--include</c> and <c>--exclude</c> into a question about node names.</summary>
internal static class NodeSelector
{
    /// <summary>Whether a node may lose outputs.</summary>
    /// <exception cref="OnnxCompressException">OCX2017: a glob matches no node; it would otherwise fail in silence.</exception>
    public static Func<string, bool> Create(OnnxModel model, IReadOnlyList<string> include, IReadOnlyList<string> exclude)
    {
        var names = model.Graph.Nodes.Select(n => n.Name).ToArray();
        foreach (var glob in include.Concat(exclude).Where(glob => !names.Any(name => Matches(glob, name))))
        {
            throw new OnnxCompressException(
                DiagnosticCodes.SelectorMatchesNothing,
                $"'{glob}' matches no node of the model; 'inspect' lists their names.");
        }

        return name => (include.Count == 0 || include.Any(glob => Matches(glob, name))) && !exclude.Any(glob => Matches(glob, name));
    }

    private static bool Matches(string glob, string name) => FileSystemName.MatchesSimpleExpression(glob, name, ignoreCase: false);
}
