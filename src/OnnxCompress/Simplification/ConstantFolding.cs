using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress.Simplification;

/// <summary>
/// Replaces what only depends on constants by its value: weights behind a Transpose or a Cast, shape arithmetic, padding
/// amounts. The runtime itself evaluates it, so every operator it knows is covered.
/// </summary>
internal static class ConstantFolding
{
    /// <summary>A value may always be this large; beyond it must not outgrow the constants it is made from.</summary>
    private const long AlwaysFoldedBytes = 4096;

    /// <summary>
    /// Nodes that are looked at in all to see what values are made from; beyond it a large value is not folded, which costs
    /// nothing but a smaller saving. Networks need one or two for each value.
    /// </summary>
    private const int MostLookedAt = 1_000_000;

    /// <summary>Operators that stay: random ones, and quantised weights, whose small form is what is stored.</summary>
    private static readonly HashSet<string> Excluded =
    [
        "Constant", "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial", "Bernoulli",
        "DequantizeLinear", "QuantizeLinear", "DynamicQuantizeLinear",
    ];

    private static readonly HashSet<ElementType> Supported =
        [ElementType.Float, ElementType.Double, ElementType.Int64, ElementType.Int32, ElementType.Bool];

    /// <summary>Applies the pass.</summary>
    /// <returns>How many nodes went.</returns>
    public static int Apply(OnnxModel model, IModelRuntime runtime, IReadOnlyList<HostTensor> sample, CancellationToken cancellation)
    {
        var graph = model.Graph;
        var foldable = Foldable(graph);
        // Only what others read has to be evaluated; what lies between goes with it.
        string[] frontier = [.. foldable.SelectMany(n => n.Outputs)
            .Where(o => o.Length > 0 && !graph.IsOutput(o) && graph.Uses(o).Any(u => !foldable.Contains(u.Node)))];
        if (frontier.Length == 0)
        {
            return 0;
        }

        using var observed = new ObservedModel(runtime, model, frontier, SessionSettings.AsItStands);
        using var result = observed.Run(sample, cancellation);
        var before = graph.Nodes.Count;
        var left = MostLookedAt;
        for (var i = 0; i < observed.Tensors.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            Replace(graph, observed.Tensors[i], result, i, foldable, ref left);
        }

        graph.Index();

        graph.RemoveDeadNodes();
        return before - graph.Nodes.Count;
    }

    private static HashSet<GraphNode> Foldable(ModelGraph graph)
    {
        var foldable = new HashSet<GraphNode>();
        var constant = graph.Initializers.Keys.Where(name => !graph.IsInput(name)).ToHashSet(StringComparer.Ordinal);
        foreach (var node in graph.Nodes)
        {
            if (node is { OpType: "Constant", Domain: "" })
            {
                constant.UnionWith(node.Outputs);
            }
            else if (node.Domain.Length == 0 && !node.HasSubgraph && !Excluded.Contains(node.OpType) && node.Outputs.Count == 1
                && node.Inputs.Count > 0 && node.Inputs.All(i => i.Length == 0 || constant.Contains(i)))
            {
                foldable.Add(node);
                constant.UnionWith(node.Outputs);
            }
        }

        return foldable;
    }

    private static void Replace(ModelGraph graph, string name, RunResult result, int index, HashSet<GraphNode> foldable, ref int left)
    {
        var type = result.Type(index);
        var dims = result.Dims(index);
        var bytes = dims.Aggregate((long)type.SizeInBytes(), (product, d) => product * d);
        if (!Supported.Contains(type) || (bytes > AlwaysFoldedBytes && !HasSources(bytes, graph, name, foldable, ref left)))
        {
            return;
        }

        var value = result.Bytes(index).ToArray();
        graph.Detach(name);
        graph.AddInitializer(name, type, [.. dims]).WriteBytes([.. dims], value);
    }

    /// <summary>
    /// Whether the constants that a tensor is made from, and that go when it is there, have as many bytes, each counted once
    /// however many ways lead to it. One that something else reads stays: its values would be stored twice.
    /// </summary>
    /// <param name="bytes">How many are wanted.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="name">The tensor.</param>
    /// <param name="foldable">Nodes that go with what they are made from.</param>
    /// <param name="left">Nodes that may still be looked at.</param>
    private static bool HasSources(long bytes, ModelGraph graph, string name, HashSet<GraphNode> foldable, ref int left)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal) { name };
        var waiting = new Stack<string>(seen);
        while (bytes > 0 && left-- > 0 && waiting.TryPop(out var next))
        {
            if (graph.Constant(next) is { } constant)
            {
                var goes = !graph.IsOutput(next) && graph.Uses(next).All(u => foldable.Contains(u.Node));
                bytes -= goes ? constant.Count * constant.Type.SizeInBytes() : 0;
                continue;
            }

            foreach (var input in graph.Producer(next)?.Inputs.Where(i => i.Length > 0 && seen.Add(i)) ?? [])
            {
                waiting.Push(input);
            }
        }

        return bytes <= 0;
    }
}
