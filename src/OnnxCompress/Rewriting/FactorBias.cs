using OnnxCompress.Dependencies;
using OnnxCompress.Models;

namespace OnnxCompress.Rewriting;

/// <summary>Puts the part of the outputs' mean that thin factors cannot make into the bias of a layer.</summary>
internal static class FactorBias
{
    /// <summary>The name of the bias that the last factor reads; null when it reads none.</summary>
    /// <param name="map">The layer, still as it was.</param>
    /// <param name="bias">The constant that is added to its outputs, by the layer or by a node behind it; null when there is none.</param>
    /// <param name="offset">What is added to the bias; null when nothing is.</param>
    /// <param name="graph">Where constants are.</param>
    public static string? Write(LinearMap map, string? bias, double[]? offset, ModelGraph graph)
    {
        if (offset is null)
        {
            return map.BiasInput;
        }

        if (!map.TakesBiasInput)
        {
            // The node behind it adds the bias, and nothing else reads that constant.
            var behind = graph.Constant(bias!)!;
            behind.Write([.. behind.Dims], Sum(behind.ReadFloats(), offset));
            return null;
        }

        // A new constant: the old one may be shared with other layers.
        var old = map.BiasInput is { } name ? graph.Constant(name) : null;
        var added = graph.AddInitializer(graph.UniqueName($"{map.Node.Name}/bias"), graph.Constant(map.Weight)!.Type, [offset.Length]);
        added.Write([offset.Length], Sum(old?.ReadFloats() ?? new float[offset.Length], offset));
        return added.Name;
    }

    private static float[] Sum(float[] values, double[] offset) => [.. values.Zip(offset, (v, o) => (float)(v + o))];
}
