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

        var known = names.ToHashSet(StringComparer.Ordinal);
        return name => IsSelected(Called(name, known), include, exclude);
    }

    /// <summary>A node that was in a function bears the name of the call in front of its own: the call is what a user knows.</summary>
    private static string Called(string name, HashSet<string> known)
    {
        for (var slash = name.Length; slash > 0; slash = name.LastIndexOf('/', slash - 1))
        {
            if (known.Contains(name[..slash]))
            {
                return name[..slash];
            }
        }

        return name;
    }

    private static bool IsSelected(string name, IReadOnlyList<string> include, IReadOnlyList<string> exclude) =>
        (include.Count == 0 || include.Any(glob => Matches(glob, name))) && !exclude.Any(glob => Matches(glob, name));

    private static bool Matches(string glob, string name) => FileSystemName.MatchesSimpleExpression(glob, name, ignoreCase: false);
}
