namespace OnnxCompress.Dependencies.Scores;

/// <summary>
/// Whether a softmax over keys follows scores, with nothing but numbers that multiply and what is added before it: then what is added
/// to all scores of a query vanishes, as what a constant in the keys adds does.
/// </summary>
internal static class ScoreShift
{
    /// <summary>Nodes between scores and softmax; a longer chain is not followed.</summary>
    private const int MostSteps = 8;

    /// <summary>Follows scores.</summary>
    /// <param name="scores">What the product of queries and keys makes.</param>
    /// <param name="relations">Where shapes are.</param>
    public static bool Vanishes(string scores, Relations relations)
    {
        var graph = relations.Graph;
        for (var step = 0; step < MostSteps; step++)
        {
            if (graph.IsOutput(scores) || graph.Uses(scores) is not [{ Node: { Domain: "" } node, Index: >= 0 and var index }])
            {
                return false;
            }

            var rank = relations.Shape(scores)!.Length;
            switch (node.OpType)
            {
                case "Softmax":
                    return node.Int("axis", relations.Opset < 13 ? 1 : -1) is var axis && (axis == -1 || axis == rank - 1);
                case "Add" or "Identity":
                case "Div" when index == 0:
                case "Mul" when graph.Constant(node.Inputs[1 - index])?.Count == 1:
                case "Where" when index > 0:
                    scores = node.Outputs[0];
                    break;
                default:
                    return false;
            }
        }

        return false;
    }
}
