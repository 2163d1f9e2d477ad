namespace OnnxCompress.Models;

/// <summary>Counts what a model has learnt.</summary>
internal static class ParameterCount
{
    /// <summary>Elements of the floating-point constants that some node reads.</summary>
    public static long Of(OnnxModel model) => FloatingPointConstants(model.Graph).Sum(c => c.Value.Count);

    /// <summary>The floating-point constants that some node reads, by name: initializers and Constant nodes.</summary>
    public static IEnumerable<KeyValuePair<string, Initializer>> FloatingPointConstants(ModelGraph graph)
    {
        var names = graph.Initializers.Keys
            .Concat(graph.Nodes.Where(n => n is { OpType: "Constant", Domain: "" }).Select(n => n.Outputs[0]))
            .Where(name => graph.Uses(name).Count > 0);
        foreach (var name in names)
        {
            if (graph.Constant(name) is { } constant && constant.Type.IsFloatingPoint())
            {
                yield return new(name, constant);
            }
        }
    }
}
