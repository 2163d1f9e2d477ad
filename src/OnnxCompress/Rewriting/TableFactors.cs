using OnnxCompress.Models;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Rewriting;

/// <summary>
/// Writes the factors of a table that a Gather looks up: a table with as many entries and fewer columns, and a MatMul
/// behind it that makes the columns there were.
/// </summary>
internal static class TableFactors
{
    /// <summary>Adds the factors in front of the node they stand for, which the caller removes.</summary>
    /// <param name="node">The Gather.</param>
    /// <param name="chain">Two factors: <c>rank x entries</c> and <c>columns x rank</c>.</param>
    /// <param name="graph">Where they go.</param>
    public static void Write(GraphNode node, IReadOnlyList<SplitFactor> chain, ModelGraph graph)
    {
        var (lookup, product) = (graph.UniqueName($"{node.Name}/{chain[0].Suffix}"), graph.UniqueName($"{node.Name}/{chain[1].Suffix}"));
        var rows = graph.UniqueName($"{lookup}/output");
        var table = AddWeight(lookup, chain[0], node, graph);
        var weight = AddWeight(product, chain[1], node, graph);
        graph.InsertNode(node, "Gather", lookup, [table, node.Inputs[1]], [rows]).CopyAttributes(node);
        graph.InsertNode(node, "MatMul", product, [rows, weight], [node.Outputs[0]]);
    }

    private static string AddWeight(string name, SplitFactor factor, GraphNode node, ModelGraph graph)
    {
        var stored = factor.Weight.Transpose();
        long[] dims = [stored.Rows, stored.Columns];
        var weight = graph.AddInitializer(graph.UniqueName($"{name}/weight"), graph.Constant(node.Inputs[0])!.Type, dims);
        weight.Write(dims, ProductFactors.ToFloats(stored));
        return weight.Name;
    }
}
