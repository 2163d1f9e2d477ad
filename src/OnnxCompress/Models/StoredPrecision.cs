namespace OnnxCompress.Models;

/// <summary>
/// Weights that a file stores as half floats, or as double ones, with a Cast behind. While a model is worked on they are
/// single floats; when it is written they are stored as they were, and so are the factors that splits make of them.
/// </summary>
internal static class StoredPrecision
{
    /// <summary>Replaces constants and the Casts behind them by single floats.</summary>
    /// <param name="graph">The graph; edited in place.</param>
    /// <returns>By the names of the single floats, what they were.</returns>
    public static IReadOnlyDictionary<string, WidenedWeight> Widen(ModelGraph graph)
    {
        var widened = new Dictionary<string, WidenedWeight>(StringComparer.Ordinal);
        foreach (var cast in graph.Nodes.Where(n => n is { OpType: "Cast", Domain: "", Inputs.Count: 1 } && n.Int("to", 0) == (int)ElementType.Float).ToArray())
        {
            var (stored, name) = (cast.Inputs[0], cast.Outputs[0]);
            if (graph.Initializers.TryGetValue(stored, out var constant) && constant.Type is ElementType.Float16 or ElementType.BFloat16 or ElementType.Double && constant.Dims.Count > 0
                && graph.Uses(stored).Count == 1 && !graph.IsInput(stored) && !graph.IsOutput(stored) && !graph.IsOutput(name)
                && graph.Uses(name) is { Count: > 0 } uses && uses.All(u => u.Index != TensorUse.Captured))
            {
                widened.Add(name, new WidenedWeight(stored, cast.Name, constant.Type, [.. uses.Select(u => u.Node.Name).Distinct(StringComparer.Ordinal)]));
                long[] dims = [.. constant.Dims];
                var values = constant.ReadFloats();
                graph.Remove(cast);
                graph.AddInitializer(name, ElementType.Float, dims).Write(dims, values);
            }
        }

        graph.Index();
        graph.RemoveInitializers(widened.Values.Select(w => w.Stored));
        return widened;
    }

    /// <summary>Stores weights as they were; one whose values do not fit stays a single float.</summary>
    /// <param name="graph">The graph; edited in place.</param>
    /// <param name="widened">What <see cref="Widen"/> returned.</param>
    public static void Narrow(ModelGraph graph, IReadOnlyDictionary<string, WidenedWeight> widened)
    {
        var byReader = widened.Values.SelectMany(w => w.Readers.Select(r => (Reader: r, Weight: w))).ToLookup(p => p.Reader, p => p.Weight, StringComparer.Ordinal);
        var narrowed = new List<string>();
        foreach (var constant in graph.Initializers.Values.Where(i => i.Type == ElementType.Float && graph.Uses(i.Name).Count > 0).ToArray())
        {
            var known = widened.GetValueOrDefault(constant.Name);
            if ((known?.Type ?? TypeOfFactor(constant, graph, byReader)) is { } type && Store(constant, known, type, graph))
            {
                narrowed.Add(constant.Name);
            }
        }

        graph.RemoveInitializers(narrowed);
        graph.Index();
    }

    /// <summary>Factors of a split bear the name of the layer and a suffix.</summary>
    private static ElementType? TypeOfFactor(Initializer constant, ModelGraph graph, ILookup<string, WidenedWeight> byReader)
    {
        if (constant.Dims.Count < 2 || graph.Uses(constant.Name) is not [{ Index: >= 0 } use])
        {
            return null;
        }

        var slash = use.Node.Name.LastIndexOf('/');
        return slash > 0 ? byReader[use.Node.Name[..slash]].FirstOrDefault()?.Type : null;
    }

    private static bool Store(Initializer constant, WidenedWeight? known, ElementType type, ModelGraph graph)
    {
        long[] dims = [.. constant.Dims];
        var stored = graph.AddInitializer(graph.UniqueName(known?.Stored ?? $"{constant.Name}/stored"), type, dims);
        stored.Write(dims, constant.ReadFloats());
        if (!stored.HasOnlyFiniteValues)
        {
            graph.RemoveInitializers([stored.Name]);
            return false;
        }

        graph.InsertNode(graph.Uses(constant.Name)[0].Node, "Cast", graph.UniqueName(known?.Cast ?? $"{constant.Name}/cast"), [stored.Name], [constant.Name])
            .SetInt("to", (int)ElementType.Float);
        return true;
    }
}
