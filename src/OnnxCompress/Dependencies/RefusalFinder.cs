using OnnxCompress.Diagnostics;

namespace OnnxCompress.Dependencies;

/// <summary>Says which layers keep all their outputs, what holds them, and how many parameters that costs.</summary>
internal static class RefusalFinder
{
    /// <summary>One refusal for each reason, in the order of the graph.</summary>
    public static IReadOnlyList<Refusal> Find(Relations relations, IReadOnlyList<ChannelGroup> groups)
    {
        var free = groups.SelectMany(g => g.Atoms.Where((_, i) => g.IsFree[i])).ToHashSet();
        var held = new List<(PinReason Reason, string Layer, long Parameters)>();
        foreach (var layer in relations.Layers)
        {
            var axes = relations.Axes(layer.Weight);
            if (!Any(relations, axes[layer.OutputAxis], free))
            {
                var parameters = Any(relations, axes[layer.InputAxis], free) ? 0 : relations.Graph.Constant(layer.Weight)!.Count;
                held.Add((ReasonOf(relations, axes[layer.OutputAxis]!, layer), layer.Node.Name, parameters));
            }
        }

        return [.. held.GroupBy(h => h.Reason).Select(g => new Refusal(
            g.Key.Node,
            g.Key.Code,
            $"The output channels of {string.Join(", ", g.Select(h => $"'{h.Layer}'").Distinct())} stay: {g.Key.Sentence}.",
            g.Sum(h => h.Parameters)))];
    }

    private static bool Any(Relations relations, IndexAxis? axis, HashSet<int> free) =>
        axis is not null && axis.Ids.SelectMany(relations.Elements.Owners).Any(free.Contains);

    /// <summary>What holds the output channels of a layer.</summary>
    public static PinReason ReasonOf(Relations relations, IndexAxis axis, LinearLayer layer) =>
        axis.Ids.Select(relations.Elements.PinOf).FirstOrDefault(r => r is not null)
        ?? new PinReason(DiagnosticCodes.NoConsumer, layer.Node.Name, $"no linear layer reads what '{layer.Node.Name}' makes");
}
