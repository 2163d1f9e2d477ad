using System.Runtime.InteropServices;
using OnnxCompress.Calibration;
using OnnxCompress.Models;

namespace OnnxCompress.Simplification;

/// <summary>
/// Replaces what only depends on constants by its value: weights behind a Transpose or a Cast, shape arithmetic, padding
/// amounts. The runtime itself evaluates it, so every operator it knows is covered.
/// </summary>
internal static class ConstantFolding
{
    /// <summary>A value may always be this large; beyond it must not outgrow the constants it is made from.</summary>
    private const long AlwaysFoldedBytes = 4096;

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

        var probe = model.Clone();
        foreach (var name in frontier)
        {
            probe.Graph.AddOutput(name);
        }

        using var session = runtime.Open(probe, new SessionSettings(Threads: 1, Optimize: false, Spin: false));
        using var result = session.Run(sample, frontier, cancellation);
        var before = graph.Nodes.Count;
        for (var i = 0; i < frontier.Length; i++)
        {
            Replace(graph, frontier[i], result, i);
        }

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

    private static void Replace(ModelGraph graph, string name, RunResult result, int index)
    {
        var type = result.Type(index);
        var dims = result.Dims(index);
        var bytes = dims.Aggregate((long)type.SizeInBytes(), (product, d) => product * d);
        if (!Supported.Contains(type) || (bytes > AlwaysFoldedBytes && bytes > SourceBytes(graph, name)))
        {
            return;
        }

        var value = Bytes(result, index, type);
        graph.Detach(name);
        graph.AddInitializer(name, type, [.. dims]).WriteBytes([.. dims], value);
    }

    /// <summary>Bytes of the constants a tensor is made from.</summary>
    private static long SourceBytes(ModelGraph graph, string name) =>
        graph.Constant(name) is { } constant ? constant.Count * constant.Type.SizeInBytes()
        : graph.Producer(name)?.Inputs.Where(i => i.Length > 0).Sum(i => SourceBytes(graph, i)) ?? 0;

    private static byte[] Bytes(RunResult result, int index, ElementType type) => type switch
    {
        ElementType.Float => MemoryMarshal.AsBytes(result.Values<float>(index)).ToArray(),
        ElementType.Double => MemoryMarshal.AsBytes(result.Values<double>(index)).ToArray(),
        ElementType.Int64 => MemoryMarshal.AsBytes(result.Values<long>(index)).ToArray(),
        ElementType.Int32 => MemoryMarshal.AsBytes(result.Values<int>(index)).ToArray(),
        ElementType.Bool => MemoryMarshal.AsBytes(result.Values<bool>(index)).ToArray(),
        _ => throw new InvalidOperationException($"{type} is not folded."),
    };
}
