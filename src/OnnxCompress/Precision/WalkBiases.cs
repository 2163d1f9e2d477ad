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
}
