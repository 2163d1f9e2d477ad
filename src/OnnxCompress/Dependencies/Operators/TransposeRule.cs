using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>Transpose permutes axes.</summary>
internal sealed class TransposeRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["Transpose"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var input = relations.Axes(node.Inputs[0]);
        var permutation = node.Ints("perm");
        relations.Set(node.Outputs[0], permutation.Count == 0
            ? [.. input.Reverse()]
            : [.. permutation.Select(p => input[(int)p])]);
    }
}
