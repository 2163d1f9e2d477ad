using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>
/// Replaces calls of a model's own functions by the nodes of those functions, so that what they do is followed like all
/// else. Functions stay that carry graphs, were written for another version of an operator set, or hold weights and are
/// called more than once: those weights are stored once.
/// </summary>
internal static class FunctionInlining
{
    /// <summary>Numbers in a function that may be repeated for each call.</summary>
    private const long MostRepeated = 64;

    /// <summary>A few calls in calls make very many nodes; beyond it the rest stays.</summary>
    private const int MostNodes = 200_000;

    /// <summary>Inlines what can be inlined.</summary>
    /// <param name="model">The model; edited in place.</param>
    /// <param name="graph">Its graph.</param>
    /// <returns>How many calls were replaced.</returns>
    public static int Apply(ModelProto model, ModelGraph graph)
    {
        var functions = model.Functions.Where(f => IsSimple(f, model)).DistinctBy(Key).ToDictionary(Key);
        var calls = 0;
        while (functions.Count > 0)
        {
            GraphNode[] called = [.. graph.Nodes.Where(n => functions.ContainsKey((n.Proto.Domain, n.OpType)))];
            var repeated = called.CountBy(n => (n.Proto.Domain, n.OpType)).Where(c => c.Value > 1 && HoldsWeights(functions[c.Key])).Select(c => c.Key).ToHashSet();
            called = [.. called.Where(n => !repeated.Contains((n.Proto.Domain, n.OpType)))];
            if (called.Length == 0 || graph.Nodes.Count > MostNodes)
            {
                break;
            }

            foreach (var node in called)
            {
                Inline(node, functions[(node.Proto.Domain, node.OpType)], graph);
            }

            calls += called.Length;
            graph.Index();
        }

        if (calls > 0 && !IsAnyCalled(model))
        {
            model.Functions.Clear();
        }

        return calls;
    }

    private static (string Domain, string Name) Key(FunctionProto function) => (function.Domain, function.Name);

    private static bool IsSimple(FunctionProto function, ModelProto model) =>
        function.OpsetImport.All(o => model.OpsetImport.FirstOrDefault(m => m.Domain == o.Domain) is not { } own || own.Version == o.Version)
        && function.Node.All(n => n.Attribute.All(a => a.G is null && a.Graphs.Count == 0));

    private static bool HoldsWeights(FunctionProto function) => function.Node.SelectMany(n => n.Attribute).Sum(a => a.T is { } tensor ? new Initializer(tensor).Count : a.Floats.Count) > MostRepeated;

    private static void Inline(GraphNode call, FunctionProto function, ModelGraph graph)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal) { [""] = "" };
        for (var i = 0; i < function.Input.Count; i++)
        {
            names[function.Input[i]] = call.Input(i) ?? "";
        }

        for (var i = 0; i < function.Output.Count; i++)
        {
            // An input that is handed on cannot bear the name of an output, too.
            if (i < call.Outputs.Count && call.Outputs[i].Length > 0 && !function.Input.Contains(function.Output[i]))
            {
                names[function.Output[i]] = call.Outputs[i];
            }
            else if (i < call.Outputs.Count && call.Outputs[i].Length > 0)
            {
                graph.InsertNode(call, "Identity", graph.UniqueName($"{call.Name}/{function.Output[i]}"), [names[function.Output[i]]], [call.Outputs[i]]);
            }
        }

        string Own(string name) => names.TryGetValue(name, out var known) ? known : names[name] = graph.UniqueName($"{call.Name}/{name}");
        foreach (var node in function.Node)
        {
            string[] inputs = [.. node.Input.Select(Own)];
            string[] outputs = [.. node.Output.Select(Own)];
            var added = graph.InsertNode(call, node.OpType, graph.UniqueName($"{call.Name}/{(node.Name.Length > 0 ? node.Name : node.OpType)}"), inputs, outputs);
            added.Proto.Domain = node.Domain;
            added.Proto.Attribute.AddRange(node.Attribute.Select(a => Attribute(a, call, function)).OfType<AttributeProto>());
        }

        graph.Remove(call);
    }

    /// <summary>An attribute of an inner node, which may be one of the call or its default; null where neither states it.</summary>
    private static AttributeProto? Attribute(AttributeProto inner, GraphNode call, FunctionProto function)
    {
        if (inner.RefAttrName.Length == 0)
        {
            return inner.Clone();
        }

        var stated = (call.Proto.Attribute.FirstOrDefault(a => a.Name == inner.RefAttrName) ?? function.AttributeProto.FirstOrDefault(a => a.Name == inner.RefAttrName))?.Clone();
        if (stated is not null)
        {
            stated.Name = inner.Name;
        }

        return stated;
    }

    private static bool IsAnyCalled(ModelProto model)
    {
        var keys = model.Functions.Select(Key).ToHashSet();
        bool Calls(NodeProto node) => keys.Contains((node.Domain, node.OpType)) || node.Attribute.SelectMany(a => a.G is null ? a.Graphs : a.Graphs.Append(a.G)).Any(g => g.Node.Any(Calls));
        return model.Graph.Node.Any(Calls);
    }
}
