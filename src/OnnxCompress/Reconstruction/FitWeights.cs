using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Reconstruction;

/// <summary>Reads the method's weights of a layer out of a graph, and writes solutions into it.</summary>
/// <param name="graph">The compressed network.</param>
/// <param name="backend">Multiplies factors.</param>
internal sealed class FitWeights(ModelGraph graph, IDenseBackend backend)
{
    /// <summary>Field numbers and lengths of a constant, and a number behind a name that is taken.</summary>
    private const int BytesAroundBias = 64;

    /// <summary>The method's weights of one group, <c>outputs x columns</c>; of a split layer, the product of its factors.</summary>
    public Matrix<double> Read(FitSite site, int group)
    {
        var weights = site.Map.Read(graph, group);
        return site.Along is { } along ? site.Folded!.Unfold(weights, along.Read(graph), backend)
            : site.Expand is { } expand ? backend.Multiply(expand.Read(graph), weights) : weights;
    }

    /// <summary>The method's bias in the layer's output; null where no constant can be added.</summary>
    public double[]? ReadBias(FitSite site)
    {
        var own = site.Last.BiasInput;
        return !site.TakesBias ? null
            : site.BiasBehind is { } behind ? [.. graph.Constant(behind)!.ReadFloats().Zip(site.AddedOriginally!, (now, before) => (double)now - before)]
            : own is not null ? [.. graph.Constant(own)!.ReadFloats().Select(v => (double)v)]
            : new double[site.Outputs];
    }

    /// <summary>Whether a solution of the layer may bring a bias that the graph does not have.</summary>
    public static bool AddsBias(FitSite site, ModelGraph graph) =>
        site.TakesBias && site.BiasBehind is null && (site.Last.Node.Input(2) is not { } bias || graph.Uses(bias).Count > site.Sharers.Count + 1);

    /// <summary>Elements of that bias, and bytes at most: name and place are stored twice, each with its length and kind.</summary>
    public static (long Elements, long Bytes) AddedBias(FitSite site) =>
        (site.Outputs, ((long)sizeof(float) * site.Outputs) + (2L * System.Text.Encoding.UTF8.GetByteCount(BiasName(site.Last.Node))) + BytesAroundBias);

    /// <summary>Targets that take the present weights for what the layer makes now.</summary>
    public ActiveTargets Active(FitSite site, ActivationRange range)
    {
        var weights = Enumerable.Range(0, site.Map.Groups).Select(g => Read(site, g)).Select(w => new Matrix<float>(w.Rows, w.Columns, [.. w.Values.ToArray().Select(v => (float)v)]));
        return new ActiveTargets(range, [.. weights], ReadBias(site)!, site.AddedOriginally, backend);
    }

    /// <summary>Writes the solution of each group.</summary>
    public void Write(FitSite site, LayerSolution[] solutions)
    {
        if (site.Along is not null)
        {
            WriteFolded(site, solutions[0]);
        }
        else
        {
            WriteGroups(site, solutions);
        }

        if (site.TakesBias && Array.Exists(solutions, s => s.Bias is not null))
        {
            WriteBias(site, solutions);
        }
    }

    /// <summary>The column that stands in the graph, of a kernel that is one with its row; null for other layers.</summary>
    public Matrix<double>? ReadColumn(FitSite site) => site.Along is null ? null : site.Map.Read(graph);

    private void WriteFolded(FitSite site, LayerSolution solution)
    {
        if (double.IsPositiveInfinity(solution.Ridge))
        {
            return;
        }

        var (column, row) = new SpatialSplit(backend).Factors(site.Map.Inputs, site.Window!.Kernel, solution.Weights, site.Map.Outputs);
        WriteWhole(site.Map, column);
        WriteWhole(site.Along!, row);
    }

    private void WriteWhole(LinearMap map, Matrix<double> values)
    {
        var weight = graph.Constant(map.Weight)!;
        var floats = weight.ReadFloats();
        map.Layout.Write(values, floats, 0);
        weight.Write([.. weight.Dims], floats);
    }

    private void WriteGroups(FitSite site, LayerSolution[] solutions)
    {
        var weight = graph.Constant(site.Map.Weight)!;
        var values = weight.ReadFloats();
        for (var group = 0; group < solutions.Length; group++)
        {
            WriteGroup(site, solutions[group], values, group);
        }

        weight.Write([.. weight.Dims], values);
    }

    private void WriteGroup(FitSite site, LayerSolution solution, float[] values, int group)
    {
        if (double.IsPositiveInfinity(solution.Ridge))
        {
            return;
        }

        if (site.Expand is null)
        {
            site.Layout.Write(solution.Weights, values, group);
            return;
        }

        // At full rank any orthonormal basis will do; the unit vectors need no factorisation.
        var basis = solution.Expand ?? Matrix<double>.Identity(site.Outputs);
        site.Layout.Write(backend.Multiply(basis, solution.Weights, Transpose.Yes), values, group);
        WriteWhole(site.Expand, basis);
    }

    private void WriteBias(FitSite site, LayerSolution[] solutions)
    {
        var present = ReadBias(site)!;
        var perGroup = site.Outputs / solutions.Length;
        var bias = new float[site.Outputs];
        for (var o = 0; o < bias.Length; o++)
        {
            bias[o] = (float)(solutions[o / perGroup].Bias?[o % perGroup] ?? present[o]);
        }

        if (site.BiasBehind is { } behind)
        {
            var constant = graph.Constant(behind)!;
            constant.Write([.. constant.Dims], [.. site.AddedOriginally!.Zip(bias, (before, more) => before + more)]);
            return;
        }

        var node = site.Last.Node;
        if (site.Last.BiasInput is { } name && graph.Uses(name).Count == site.Sharers.Count + 1)
        {
            var own = graph.Constant(name)!;
            own.Write([.. own.Dims], bias);
            return;
        }

        // The old constant may be shared with other layers.
        var added = graph.AddInitializer(graph.UniqueName(BiasName(node)), ElementType.Float, [bias.Length]);
        added.Write([bias.Length], bias);
        graph.AddInput(node, 2, added.Name);
    }

    private static string BiasName(GraphNode node) => $"{node.Name}/bias";
}
