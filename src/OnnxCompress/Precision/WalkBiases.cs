using OnnxCompress.Dependencies;
using OnnxCompress.Models;

namespace OnnxCompress.Precision;

/// <summary>Biases that rounding brings: the mean of a layer's output is corrected in one of its own.</summary>
internal static class WalkBiases
{
    /// <summary>Whether a layer that is rounded gets a bias that the graph does not have.</summary>
    public static bool Adds(LinearMap map, ModelGraph graph) => map.TakesBiasInput && (map.BiasInput is not { } bias || graph.Uses(bias).Count > 1);

    /// <summary>Gives layers a bias of zeros each.</summary>
    /// <param name="graph">Their graph; edited in place.</param>
    /// <param name="layers">The layers.</param>
    public static void Add(ModelGraph graph, IEnumerable<LinearMap> layers)
    {
        foreach (var map in layers)
        {
            var bias = graph.AddInitializer(graph.UniqueName($"{map.Node.Name}/bias"), ElementType.Float, [map.Outputs]);
            bias.Write([map.Outputs], new float[map.Outputs]);
            graph.AddInput(map.Node, 2, bias.Name);
        }
    }

    /// <summary>The bias of a layer that can be given another; zeros for one without.</summary>
    /// <returns>One value for each output; null where no constant can be added.</returns>
    public static double[]? Read(LinearMap map, ModelGraph graph) => !map.TakesBiasInput ? null
        : map.BiasInput is not { } name ? new double[map.Outputs]
        : graph.Constant(name) is { Type: ElementType.Float } constant && constant.Count == map.Outputs && !graph.IsInput(name) ? [.. constant.ReadFloats().Select(v => (double)v)]
        : null;

    /// <summary>Gives a layer another bias; the constant may be shared with others.</summary>
    public static void Write(LinearMap map, ModelGraph graph, float[] bias)
    {
        if (map.BiasInput is { } name && graph.Uses(name).Count == 1)
        {
            var own = graph.Constant(name)!;
            own.Write([.. own.Dims], bias);
            return;
        }

        var added = graph.AddInitializer(graph.UniqueName($"{map.Node.Name}/bias"), ElementType.Float, [bias.Length]);
        added.Write([bias.Length], bias);
        graph.AddInput(map.Node, 2, added.Name);
    }
}
