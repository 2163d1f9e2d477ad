using OnnxCompress.Dependencies.Scores;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// Gemm and MatMul. With a constant operand it is a linear layer: the contracted axis is a consumer's input, the
/// constant's other axis is the output. Two activations (attention) pass their outer axes; the contracted one is held. So
/// does the runtime's product that turns its operands; with a constant it has been brought to a MatMul before.
/// </summary>
internal sealed class MatrixProductRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["Gemm", "MatMul", "com.microsoft.FusedMatMul"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var left = relations.Graph.Constant(node.Inputs[0]);
        var right = relations.Graph.Constant(node.Inputs[1]);
        if (node.OpType == "Gemm")
        {
            RelateGemm(node, relations, left, right);
        }
        else if (node.OpType == "FusedMatMul" && (node.Int("transBatchA", 0) != 0 || node.Int("transBatchB", 0) != 0))
        {
            relations.Opaque(node, DiagnosticCodes.OperatorNotMapped, $"'{node.Name}' (FusedMatMul) multiplies along other axes than the last two");
        }
        else if (LinearMap.Of(node, relations.Graph) is { } map && (left is null || (right is null && relations.Axes(node.Inputs[1]).Length >= 2)))
        {
            RelateLayer(map, relations, map.WeightInput == 0 ? null : BiasAfter(map, relations.Graph));
        }
        else if (left is null && right is null && relations.Axes(node.Inputs[0]).Length >= 2 && relations.Axes(node.Inputs[1]).Length >= 2)
        {
            RelateActivations(node, relations);
        }
        else
        {
            relations.Opaque(node, DiagnosticCodes.WeightNotConstant, $"'{node.Name}' ({node.OpType}) multiplies constants of a shape this tool does not map");
        }
    }

    private static void RelateGemm(GraphNode node, Relations relations, Initializer? left, Initializer? right)
    {
        if (left is not null || right is null || node.Int("transA", 0) != 0)
        {
            relations.Opaque(node, DiagnosticCodes.WeightNotConstant, $"'{node.Name}' (Gemm) has no constant right operand, or transposes its left one");
            return;
        }

        if (LinearMap.Of(node, relations.Graph) is not { } map || relations.Axes(node.Inputs[0]).Length != 2)
        {
            // The runtime also takes a vector for a row.
            relations.Opaque(node, DiagnosticCodes.WeightNotConstant, $"'{node.Name}' (Gemm) multiplies operands that are no matrices");
            return;
        }

        RelateLayer(map, relations, map.BiasInput is { } bias && LayerBias.IsVector(relations.Graph.Constant(bias), map.Outputs) && !map.Scales ? bias : null);
    }

    private static void RelateLayer(LinearMap map, Relations relations, string? bias)
    {
        var (input, weight) = (relations.Axes(map.Input), relations.Axes(map.Weight));
        var channelAxis = map.ChannelAxis(input.Length);
        relations.Contract(input[channelAxis], weight[map.InputAxis], map.Node);
        var outputs = weight[map.OutputAxis]!;
        // One that is no vector adds something else to every row, and is cut all the same.
        if (map.BiasInput is { } added && relations.Axes(added) is { Length: > 0 } axes && relations.Shape(added)![^1] == outputs.Length)
        {
            relations.Unify(outputs, axes[^1], map.Node);
        }

        var output = relations.Shapes.Of(map.Output)!;
        var positions = output.Aggregate(1L, (product, size) => product * size) / outputs.Length;
        relations.Add(new MacTerm(map.Node.Name, positions, [outputs, weight[map.InputAxis]!]));
        relations.Add(new LinearLayer(map, channelAxis, map.ChannelAxis(output.Length)) { Bias = bias });
        relations.Set(map.Output, [.. input[..channelAxis], outputs, .. input[(channelAxis + 1)..]]);
    }

    private static void RelateActivations(GraphNode node, Relations relations)
    {
        var (leftTurned, rightTurned) = (node.Int("transA", 0) != 0, node.Int("transB", 0) != 0);
        var left = Turned(relations.Axes(node.Inputs[0]), leftTurned);
        var right = Turned(relations.Axes(node.Inputs[1]), rightTurned);
        var contracted = left[^1] is null && right[^2] is null ? null : relations.Unify(left[^1], right[^2], node);
        if (SharedTable(node, relations) is { } table)
        {
            var users = string.Join("' and '", relations.Graph.Uses(table).Select(u => u.Node.Name));
            relations.Pin([.. relations.Axes(table), contracted], DiagnosticCodes.WeightShared, node.Name, $"the weight '{table}' is shared by '{users}'");
        }

        if (ScoresOf(node, relations, contracted, leftTurned, rightTurned) is { } scores)
        {
            relations.Add(scores);
        }
        else
        {
            relations.Pin(contracted, DiagnosticCodes.ProductOfActivations, node, ScoreFinder.Sentence(node));
        }

        var output = relations.Shapes.Of(node.Outputs[0])!;
        var axes = new IndexAxis?[output.Length];
        for (var i = 0; i < output.Length - 2; i++)
        {
            var (l, r) = (i - output.Length + left.Length, i - output.Length + right.Length);
            if (l >= 0 && r >= 0 && relations.Shape(node.Inputs[0])![l] != relations.Shape(node.Inputs[1])![r])
            {
                relations.PinSingle(relations.Shape(node.Inputs[0])![l] == 1 ? left[l] : right[r], node);
            }

            axes[i] = l >= 0 && r >= 0 && relations.Shape(node.Inputs[0])![l] == relations.Shape(node.Inputs[1])![r]
                ? left[l] is null && right[r] is null ? null : relations.Unify(left[l], right[r], node)
                : l >= 0 && relations.Shape(node.Inputs[0])![l] == output[i] ? left[l] : right[r];
        }

        (axes[^2], axes[^1]) = (left[^2], right[^1]);
        relations.Set(node.Outputs[0], axes);
        AddMacs(node, relations, axes, contracted, relations.Shape(node.Inputs[0])![leftTurned ? ^2 : ^1]);
    }

    /// <summary>The product as one of queries and keys; null where it is none.</summary>
    private static ScoreProduct? ScoresOf(GraphNode node, Relations relations, IndexAxis? columns, bool leftTurned, bool rightTurned)
    {
        if (columns is null || !relations.IsLive(columns) || node.Inputs[0] == node.Inputs[1])
        {
            return null;
        }

        var (left, right) = (relations.Axes(node.Inputs[0]).Length, relations.Axes(node.Inputs[1]).Length);
        return OperandTrace.Of(node.Inputs[0], leftTurned ? left - 2 : left - 1, 0, columns.Length, relations) is { } queries
            && OperandTrace.Of(node.Inputs[1], rightTurned ? right - 1 : right - 2, 0, columns.Length, relations) is { } keys
            ? new ScoreProduct(node, columns, queries, keys, ScoreShift.Vanishes(node.Outputs[0], relations))
            : null;
    }

    private static IndexAxis?[] Turned(IndexAxis?[] axes, bool isTurned) => isTurned ? [.. axes[..^2], axes[^1], axes[^2]] : axes;

    /// <summary>A table that the node reads turned and that something else reads as it is: it is stored once, and stays so.</summary>
    private static string? SharedTable(GraphNode node, Relations relations) =>
        relations.Graph.Producer(node.Inputs[1]) is { OpType: "Transpose", Domain: "" } turned && relations.Graph.Constant(turned.Inputs[0]) is { Dims.Count: 2 }
            && relations.Graph.Uses(turned.Inputs[0]).Count > 1 ? turned.Inputs[0] : null;

    private static void AddMacs(GraphNode node, Relations relations, IndexAxis?[] axes, IndexAxis? contracted, int contractedSize)
    {
        var output = relations.Shapes.Of(node.Outputs[0])!;
        var positions = contracted is null ? (long)contractedSize : 1;
        for (var i = 0; i < output.Length; i++)
        {
            positions *= axes[i] is null ? output[i] : 1;
        }

        relations.Add(new MacTerm(node.Name, positions, [.. axes.Append(contracted).OfType<IndexAxis>()]));
    }

    /// <summary>The constant vector that the only reader of a product adds to it, whatever else it does then.</summary>
    private static string? BiasAfter(LinearMap map, ModelGraph graph) =>
        LayerBias.Behind(map.Output, graph) is { } other && LayerBias.IsVector(graph.Constant(other), map.Outputs) ? other : null;
}
