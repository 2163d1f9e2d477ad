namespace OnnxCompress.Dependencies.Streams;

/// <summary>
/// Finds residual streams whose writers and readers are all known. What is not understood holds the stream, with the reason.
/// </summary>
/// <param name="relations">Axes of a graph in which the normalisations that are asked about pass their channels.</param>
/// <param name="norms">Those normalisations.</param>
internal sealed class StreamFinder(Relations relations, IReadOnlyList<Normalisation> norms)
{
    private readonly Dictionary<string, Normalisation> _normOf = norms.SelectMany(n => n.Nodes.Select(name => (name, n))).DistinctBy(p => p.name).ToDictionary(p => p.name, p => p.n, StringComparer.Ordinal);
    private readonly List<HeldStream> _held = [];

    /// <summary>Streams that are held.</summary>
    public IReadOnlyList<HeldStream> Held => _held;

    /// <summary>The streams that may be turned, in the order of their first normalisations.</summary>
    public IReadOnlyList<ResidualStream> Find()
    {
        var streams = new List<ResidualStream>();
        foreach (var group in norms.GroupBy(RootOf))
        {
            Normalisation[] members = [.. group];
            var why = "its channels are those of the model's input";
            if (group.Key is not null && new StreamWalk(relations, members, _normOf).Walk(out why) is { } stream)
            {
                streams.Add(stream);
            }
            else if (members.Length > 1)
            {
                // One alone may be anything, the normalisation of queries for instance.
                _held.Add(new HeldStream(members[0].Name, why));
            }
        }

        return streams;
    }

    private int? RootOf(Normalisation norm) => relations.KnownAxes(norm.Inputs[0]) is { Length: > 0 } axes && axes[^1] is { Length: > 1 } axis ? relations.Elements.Root(axis.Ids[0]) : null;
}
