using OnnxCompress.Models;

namespace OnnxCompress.Simplification;

/// <summary>
/// Folds a BatchNormalization into the convolution before it. With s = scale / sqrt(variance + epsilon):
/// <c>W' = s W</c> for each output channel and <c>b' = s (b - mean) + shift</c>. Exact up to rounding (done in double).
/// </summary>
internal static class BatchNormFolding
{
    /// <summary>Applies the pass.</summary>
    /// <returns>How many nodes went.</returns>
    public static int Apply(ModelGraph graph)
    {
        var folded = 0;
        foreach (var norm in graph.Nodes.Where(n => n is { OpType: "BatchNormalization", Domain: "" }).ToArray())
        {
            if (norm.Input(0) is { } input && graph.Producer(input) is { OpType: "Conv", Domain: "" } conv && CanFold(norm, conv, graph))
            {
                Fold(norm, conv, graph);
                folded++;
            }
        }

        graph.Index();
        return folded;
    }

    private static bool CanFold(GraphNode norm, GraphNode conv, ModelGraph graph) =>
        norm.Int("training_mode", 0) == 0 &&
        norm.Outputs.Count(o => o.Length > 0) == 1 &&
        graph.Uses(conv.Outputs[0]).Count == 1 &&
        !graph.IsOutput(conv.Outputs[0]) &&
        norm.Inputs.Skip(1).All(i => graph.Initializers.ContainsKey(i) && !graph.IsInput(i)) &&
        norm.Inputs.Count == 5 && conv.Inputs.Count > 1 && IsOwnConstant(conv.Inputs[1], graph) && FitTogether(norm, conv, graph) &&
        (conv.Input(2) is not { } bias || IsOwnConstant(bias, graph));

    private static bool IsOwnConstant(string name, ModelGraph graph) =>
        graph.Initializers.TryGetValue(name, out var constant) && constant.Type.IsFloatingPoint() && graph.Uses(name).Count == 1 && !graph.IsInput(name);

    // The runtime has not seen the model yet, so nothing says that sizes are right.
    private static bool FitTogether(GraphNode norm, GraphNode conv, ModelGraph graph)
    {
        var weight = graph.Initializers[conv.Inputs[1]];
        return weight.Dims is [> 0, ..] && weight.Count > 0 && norm.Inputs.Skip(1).All(i => IsVectorOf(weight.Dims[0], i, graph))
            && (conv.Input(2) is not { } bias || IsVectorOf(weight.Dims[0], bias, graph));
    }

    private static bool IsVectorOf(long channels, string name, ModelGraph graph) =>
        graph.Initializers.TryGetValue(name, out var constant) && constant.Dims is [var length] && length == channels && constant.Type.IsFloatingPoint();

    private static void Fold(GraphNode norm, GraphNode conv, ModelGraph graph)
    {
        var vectors = norm.Inputs.Skip(1).Select(i => graph.Initializers[i].ReadFloats()).ToArray();
        var (scale, shift, mean, variance) = (vectors[0], vectors[1], vectors[2], vectors[3]);
        var epsilon = norm.Float("epsilon", 1e-5f);
        var factors = new double[scale.Length];
        for (var c = 0; c < factors.Length; c++)
        {
            factors[c] = scale[c] / Math.Sqrt((double)variance[c] + epsilon);
        }

        var weight = graph.Initializers[conv.Inputs[1]];
        var values = weight.ReadFloats();
        var each = values.Length / factors.Length;
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)(values[i] * factors[i / each]);
        }

        weight.Write([.. weight.Dims], values);
        var bias = conv.Input(2) is { } name ? graph.Initializers[name] : AddBias(conv, graph, weight.Type, factors.Length);
        var biases = bias.ReadFloats();
        for (var c = 0; c < biases.Length; c++)
        {
            biases[c] = (float)((factors[c] * ((double)biases[c] - mean[c])) + shift[c]);
        }

        bias.Write([biases.Length], biases);
        graph.TakeOver(conv, norm);
    }

    private static Initializer AddBias(GraphNode conv, ModelGraph graph, ElementType type, int channels)
    {
        var name = graph.UniqueName($"{conv.Name}/bias");
        var bias = graph.AddInitializer(name, type, [channels]);
        bias.Write([channels], new float[channels]);
        graph.AddInput(conv, 2, name);
        return bias;
    }
}
