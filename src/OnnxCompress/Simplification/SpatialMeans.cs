using OnnxCompress.Models;

namespace OnnxCompress.Simplification;

/// <summary>
/// Means over all spatial axes become GlobalAveragePool, which runtimes keep in the layout of the convolutions in front of it and
/// compute in bytes. Where the axes were turned first, as converters from channels-last frameworks write it, they are turned afterwards.
/// </summary>
internal static class SpatialMeans
{
    private const int FirstOfSpace = 2;

    private static readonly HashSet<string> Between = ["Relu", "Clip", "LeakyRelu", "HardSwish", "Sigmoid", "Add", "Mul", "BatchNormalization", "Concat"];

    /// <summary>Whether there may be something to do, for which ranks must be known.</summary>
    public static bool IsNeeded(ModelGraph graph) => graph.Nodes.Any(n => IsMean(n) && Axes(n, graph) is { Length: > 0 } && Source(n, graph) is { } source && IsImage(source, graph));

    /// <summary>Applies the pass.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="shapes">Its observed shapes.</param>
    /// <returns>How many nodes changed.</returns>
    public static int Apply(ModelGraph graph, TensorShapes shapes)
    {
        GraphNode[] means = [.. graph.Nodes.Where(n => IsMean(n) && IsOverSpace(n, graph, shapes))];
        foreach (var mean in means)
        {
            Replace(mean, graph);
        }

        graph.Index();
        graph.RemoveDeadNodes();
        return means.Length;
    }

    private static bool IsMean(GraphNode node) => node is { OpType: "ReduceMean", Domain: "", Outputs.Count: 1 };

    private static bool IsOverSpace(GraphNode mean, ModelGraph graph, TensorShapes shapes)
    {
        if (Axes(mean, graph) is not { Length: > 0 } axes || Source(mean, graph) is not { } source || !IsImage(source, graph) || shapes.Of(source) is not { Length: > FirstOfSpace } shape)
        {
            return false;
        }

        var order = Order(mean, graph) ?? [.. Enumerable.Range(0, shape.Length)];
        var keeps = KeepsAxes(mean);
        // Without the axes that are gone, only samples and channels in this order are those of the pool.
        return order.Length == shape.Length && axes.All(a => a >= -shape.Length && a < shape.Length)
            && axes.Select(a => order[a < 0 ? a + shape.Length : a]).Order().SequenceEqual(Enumerable.Range(FirstOfSpace, shape.Length - FirstOfSpace).Select(a => (long)a))
            && (keeps || Array.IndexOf(order, 0L) < Array.IndexOf(order, 1L));
    }

    private static void Replace(GraphNode mean, ModelGraph graph)
    {
        var (turn, output) = (Turn(mean, graph), mean.Outputs[0]);
        var keeps = KeepsAxes(mean);
        var isLast = keeps && turn is null;
        var pooled = isLast ? output : graph.UniqueName($"{output}/pool");
        graph.InsertNode(mean, "GlobalAveragePool", isLast ? mean.Name : graph.UniqueName($"{mean.Name}/pool"), [Source(mean, graph)!], [pooled]);
        if (!keeps)
        {
            graph.InsertNode(mean, "Flatten", mean.Name, [pooled], [output]);
        }
        else if (turn is not null)
        {
            graph.InsertNode(mean, "Transpose", mean.Name, [pooled], [output]).CopyAttributes(turn);
        }

        graph.Remove(mean);
    }

    private static bool KeepsAxes(GraphNode mean) => mean.Int("keepdims", 1) == 1;

    /// <summary>The axes that are reduced; null where they are computed or all.</summary>
    private static long[]? Axes(GraphNode mean, ModelGraph graph) => mean.Input(1) is { } name ? graph.Constant(name)?.ReadIntegers() : [.. mean.Ints("axes")];

    private static GraphNode? Turn(GraphNode mean, ModelGraph graph) => graph.Producer(mean.Inputs[0]) is { OpType: "Transpose", Domain: "" } turn && turn.Ints("perm").Count > 0 ? turn : null;

    private static long[]? Order(GraphNode mean, ModelGraph graph) => Turn(mean, graph) is { } turn ? [.. turn.Ints("perm")] : null;

    private static string? Source(GraphNode mean, ModelGraph graph) => Turn(mean, graph)?.Inputs[0] ?? mean.Inputs[0];

    /// <summary>Whether a convolution made the tensor, or what works on each value alone behind one: sequences have means of their own.</summary>
    private static bool IsImage(string tensor, ModelGraph graph)
    {
        while (graph.Producer(tensor) is { Domain: "" } producer)
        {
            if (producer.OpType is "Conv" or "MaxPool" or "AveragePool")
            {
                return true;
            }

            if (!Between.Contains(producer.OpType))
            {
                return false;
            }

            tensor = producer.Inputs[0];
        }

        return false;
    }
}
