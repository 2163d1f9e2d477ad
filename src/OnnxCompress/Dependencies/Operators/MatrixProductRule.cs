using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// Gemm and MatMul. With a constant operand it is a linear layer: the contracted axis is a consumer's input, the
/// constant's other axis is the output. Two activations (attention) pass their outer axes; the contracted one is held.
/// </summary>
internal sealed class MatrixProductRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["Gemm", "MatMul"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var left = relations.Graph.Constant(node.Inputs[0]);
        var right = relations.Graph.Constant(node.Inputs[1]);
        if (node.OpType == "Gemm")
        {
            RelateGemm(node, relations, left, right);
        }
        else if (left is null && right is { Dims.Count: 2 })
        {
            RelateRightConstant(node, relations);
        }
        else if (left is { Dims.Count: 2 } && right is null && relations.Axes(node.Inputs[1]).Length >= 2)
        {
            RelateLeftConstant(node, relations);
        }
        else if (left is null && right is null && relations.Axes(node.Inputs[0]).Length >= 2 && relations.Axes(node.Inputs[1]).Length >= 2)
        {
            RelateActivations(node, relations);
        }
        else
        {
            relations.Opaque(node, DiagnosticCodes.WeightNotConstant, $"'{node.Name}' (MatMul) multiplies constants of a shape this tool does not map");
        }
    }

    private static void RelateGemm(GraphNode node, Relations relations, Initializer? left, Initializer? right)
    {
        if (left is not null || right is null || node.Int("transA", 0) != 0)
        {
            relations.Opaque(node, DiagnosticCodes.WeightNotConstant, $"'{node.Name}' (Gemm) has no constant right operand, or transposes its left one");
            return;
        }

        var (outputAxis, inputAxis) = node.Int("transB", 0) != 0 ? (0, 1) : (1, 0);
        var input = relations.Axes(node.Inputs[0]);
        var weight = relations.Axes(node.Inputs[1]);
        if (input.Length != 2 || weight.Length != 2)
        {
            // The runtime also takes a vector for a row.
            relations.Opaque(node, DiagnosticCodes.WeightNotConstant, $"'{node.Name}' (Gemm) multiplies operands that are no matrices");
            return;
        }

        relations.Contract(input[1], weight[inputAxis], node);
        var bias = node.Input(2);
        if (bias is not null)
        {
            var axes = relations.Axes(bias);
            if (axes.Length > 0 && relations.Shape(bias)![^1] == weight[outputAxis]!.Length)
            {
                relations.Unify(weight[outputAxis], axes[^1], node);
            }
        }

        var isVector = bias is not null && relations.Graph.Constant(bias) is { } constant
            && constant.Dims is [.., var last] && last == constant.Count && last == weight[outputAxis]!.Length;
        Add(node, relations, outputAxis, inputAxis, constantInput: 1, channelAxis: 1,
            isVector && node.Float("alpha", 1) == 1 && node.Float("beta", 1) == 1 ? bias : null);
        relations.Set(node.Outputs[0], input[0], weight[outputAxis]);
    }

    private static void RelateRightConstant(GraphNode node, Relations relations)
    {
        var input = relations.Axes(node.Inputs[0]);
        var weight = relations.Axes(node.Inputs[1]);
        relations.Contract(input[^1], weight[0], node);
        Add(node, relations, outputAxis: 1, inputAxis: 0, constantInput: 1, channelAxis: input.Length - 1, BiasAfter(node, relations, weight[1]!.Length));
        relations.Set(node.Outputs[0], [.. input[..^1], weight[1]]);
    }

    private static void RelateLeftConstant(GraphNode node, Relations relations)
    {
        var weight = relations.Axes(node.Inputs[0]);
        var input = relations.Axes(node.Inputs[1]);
        relations.Contract(input[^2], weight[1], node);
        Add(node, relations, outputAxis: 0, inputAxis: 1, constantInput: 0, channelAxis: input.Length - 2, bias: null);
        relations.Set(node.Outputs[0], [.. input[..^2], weight[0], input[^1]]);
    }

    private static void RelateActivations(GraphNode node, Relations relations)
    {
        var left = relations.Axes(node.Inputs[0]);
        var right = relations.Axes(node.Inputs[1]);
        var contracted = left[^1] is null && right[^2] is null ? null : relations.Unify(left[^1], right[^2], node);
        if (SharedTable(node, relations) is { } table)
        {
            var users = string.Join("' and '", relations.Graph.Uses(table).Select(u => u.Node.Name));
            relations.Pin([.. relations.Axes(table), contracted], DiagnosticCodes.WeightShared, node.Name, $"the weight '{table}' is shared by '{users}'");
        }

        relations.Pin(contracted, DiagnosticCodes.ProductOfActivations, node, $"'{node.Name}' (MatMul) sums products of two activations over them");
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
        AddMacs(node, relations, axes, contracted, relations.Shape(node.Inputs[0])![^1]);
    }

    private static void Add(GraphNode node, Relations relations, int outputAxis, int inputAxis, int constantInput, int channelAxis, string? bias)
    {
        var weight = relations.Axes(node.Inputs[constantInput]);
        var output = relations.Shapes.Of(node.Outputs[0])!;
        var positions = output.Aggregate(1L, (product, size) => product * size) / weight[outputAxis]!.Length;
        relations.Add(new MacTerm(node.Name, positions, [weight[outputAxis]!, weight[inputAxis]!]));
        relations.Add(new LinearLayer
        {
            Node = node,
            Weight = node.Inputs[constantInput],
            OutputAxis = outputAxis,
            InputAxis = inputAxis,
            Input = node.Inputs[1 - constantInput],
            InputChannelAxis = channelAxis,
            Output = node.Outputs[0],
            OutputChannelAxis = constantInput == 1 ? output.Length - 1 : output.Length - 2,
            Bias = bias,
            PassesConstants = true,
        });
    }

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

    /// <summary>The constant vector that the only reader of a MatMul adds to it.</summary>
    private static string? BiasAfter(GraphNode node, Relations relations, int channels)
    {
        var uses = relations.Graph.Uses(node.Outputs[0]);
        if (uses.Count != 1 || uses[0].Node.OpType != "Add" || relations.Graph.IsOutput(node.Outputs[0]))
        {
            return null;
        }

        var other = uses[0].Node.Inputs[1 - uses[0].Index];
        return relations.Graph.Constant(other) is { } constant && constant.Count == channels && constant.Dims is [.., var last] && last == channels ? other : null;
    }
}
