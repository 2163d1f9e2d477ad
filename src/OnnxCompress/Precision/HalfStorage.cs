using OnnxCompress.Models;

namespace OnnxCompress.Precision;

/// <summary>Stores weights in half floats with a Cast behind each, which the runtime does once while it loads.</summary>
internal static class HalfStorage
{
    /// <summary>Fewer numbers than the Cast and its names take are left alone.</summary>
    private const long Fewest = 128;

    /// <summary>Half floats have 11 bits: what loses more lies where they have fewer, or none.</summary>
    private const double LargestLoss = 1e-3;

    /// <summary>Stores the weights of a graph.</summary>
    /// <param name="model">The model; edited in place.</param>
    /// <param name="isSelected">Whether the user's selection includes a node.</param>
    /// <returns>The layers, those that stayed as they were last.</returns>
    public static IReadOnlyList<LayerPrecision> Apply(OnnxModel model, Func<string, bool> isSelected)
    {
        var graph = model.Graph;
        var layers = UnknownLayers.All(model).Select(w => new LayerPrecision(w.Reader.Name, LayerPrecision.Half)
        {
            Parameters = w.Elements,
            Reason = w.Inside is { } place ? $"it lies in a branch or function, '{place}'" : Reason(w.Name, graph, isSelected),
        }).ToArray();
        foreach (var constant in graph.Initializers.Values.Where(c => c.Count >= Fewest && Reason(c.Name, graph, isSelected) is null).ToArray())
        {
            Store(constant, graph);
        }

        graph.Index();
        graph.RemoveUnusedInitializers();
        return [.. layers.Where(l => l.Reason is null), .. layers.Where(l => l.Reason is not null).Select(l => l with { Form = LayerPrecision.Float })];
    }

    /// <summary>Why a constant stays as it is; null for one that half floats hold.</summary>
    public static string? Reason(string name, ModelGraph graph, Func<string, bool> isSelected)
    {
        var constant = graph.Initializers.GetValueOrDefault(name);
        return constant is not { Type: ElementType.Float } ? "it does not compute in single floats"
            : graph.IsInput(name) || graph.IsOutput(name) ? "a caller sees or may replace its weight"
            : graph.Uses(name).Count == 0 || graph.Uses(name).Any(u => !isSelected(u.Node.Name)) ? "it is excluded by --include or --exclude"
            : Loss(constant.ReadFloats()) is var loss && double.IsPositiveInfinity(loss) ? "its weight holds values beyond 65504, or none, which half floats do not have"
            : loss > LargestLoss ? "its weight holds values so small that half floats lose them"
            : null;
    }

    /// <summary>Relative error of values in half floats; infinite where one of them is none.</summary>
    public static double Loss(ReadOnlySpan<float> values)
    {
        double error = 0, energy = 0;
        foreach (var value in values)
        {
            var half = (float)(Half)value;
            if (!float.IsFinite(half))
            {
                return double.PositiveInfinity;
            }

            error += ((double)value - half) * ((double)value - half);
            energy += (double)value * value;
        }

        return energy > 0 ? Math.Sqrt(error / energy) : 0;
    }

    private static void Store(Initializer constant, ModelGraph graph)
    {
        long[] dims = [.. constant.Dims];
        var (name, values) = (constant.Name, constant.ReadFloats());
        var stored = graph.AddInitializer(graph.UniqueName($"{name}/half"), ElementType.Float16, dims);
        stored.Write(dims, values);
        graph.RemoveInitializers([name]);
        graph.AddNode("Cast", graph.UniqueName($"{name}/cast"), [stored.Name], [name]).SetInt("to", (long)ElementType.Float);
    }
}
