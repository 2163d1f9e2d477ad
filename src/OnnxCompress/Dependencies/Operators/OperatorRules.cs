using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>Applies the rules of <see cref="RuleTable"/>. An operator without a rule, and a node that a rule cannot be trusted with, hold what enters them.</summary>
internal static class OperatorRules
{
    /// <summary>Operators whose constants are weights; elsewhere infinity has its place, in masks for instance.</summary>
    private static readonly HashSet<string> Weighted = ["Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization", "InstanceNormalization", "LSTM", "GRU", "RNN"];

    /// <summary>Operators that share their operations out among the channels that they read and make.</summary>
    private static readonly HashSet<string> Multiplied = ["Conv", "ConvTranspose", "Gemm", "MatMul"];

    /// <summary>Relates the axes of one node.</summary>
    public static void Relate(GraphNode node, Relations relations)
    {
        if (relations.Branches.Of(node) is { IsOnly: true } branch && BranchRule.Relates(node, branch, relations))
        {
            return;
        }

        if (node.HasSubgraph)
        {
            relations.Opaque(node, DiagnosticCodes.EntersSubgraph, $"they enter the subgraphs of '{node.Name}' ({node.OpType})");
        }
        else if (RuleTable.Of(node) is not { } rule)
        {
            relations.Opaque(node, DiagnosticCodes.OperatorNotMapped, $"they reach '{node.Name}' ({RuleTable.Qualified(node)}), which is not mapped");
        }
        else if (Weighted.Contains(node.OpType) && node.Inputs.Any(i => relations.Graph.Constant(i) is { HasOnlyFiniteValues: false }))
        {
            relations.Opaque(node, DiagnosticCodes.WeightNotFinite, $"a weight of '{node.Name}' ({node.OpType}) holds NaN or infinity");
        }
        else if (Multiplied.Contains(node.OpType) && node.Inputs.Concat(node.Outputs).Any(t => t.Length > 0 && relations.Shape(t)?.Contains(0) == true))
        {
            relations.Opaque(node, DiagnosticCodes.LayerEmpty, $"an operand of '{node.Name}' ({node.OpType}) holds no values");
        }
        else if (node.OpType != "Constant" && node.Inputs.Concat(node.Outputs).Any(t => t.Length > 0 && relations.Shape(t) is null))
        {
            relations.Opaque(node, DiagnosticCodes.ShapeUnknown, $"the shapes at '{node.Name}' ({node.OpType}) could not be observed");
        }
        else
        {
            rule.Relate(node, relations);
            if (node.Outputs.Any(output => Contradicts(output, relations)))
            {
                relations.Opaque(node, DiagnosticCodes.ShapeUnknown, $"the attributes of '{node.Name}' ({node.OpType}) contradict the shapes that it makes");
            }
        }
    }

    /// <summary>Whether there is a rule for the operator of a node.</summary>
    public static bool IsMapped(GraphNode node) => !node.HasSubgraph && RuleTable.Of(node) is not null;

    /// <summary>Adapts one node to axes that lost indices.</summary>
    public static void Shrink(GraphNode node, Shrinkage shrinkage) => RuleTable.Of(node)?.Shrink(node, shrinkage);

    /// <summary>Whether a rule says something else of an output than what was observed: then it read the node otherwise than the runtime does.</summary>
    private static bool Contradicts(string output, Relations relations) =>
        output.Length > 0 && relations.Shapes.Of(output) is { } shape && relations.KnownAxes(output) is var axes
        && (axes.Length != shape.Length || axes.Zip(shape).Any(pair => pair.First is { } axis && axis.Length != pair.Second));
}
