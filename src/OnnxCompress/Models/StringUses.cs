namespace OnnxCompress.Models;

/// <summary>Follows strings through a graph.</summary>
internal static class StringUses
{
    /// <summary>Operators that move strings and read nothing off them.</summary>
    private static readonly HashSet<string> Movers =
        ["Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Transpose", "Concat", "Gather", "Slice", "Split", "Expand", "Tile"];

    /// <summary>Whether nothing but outputs is made of a tensor of strings.</summary>
    public static bool OnlyPass(ModelGraph graph, string tensor)
    {
        var (seen, open) = (new HashSet<string>(StringComparer.Ordinal), new Stack<string>([tensor]));
        while (open.TryPop(out var next))
        {
            foreach (var use in seen.Add(next) ? graph.Uses(next) : [])
            {
                if (use.Index == TensorUse.Captured || use.Node.Domain.Length > 0 || !Movers.Contains(use.Node.OpType))
                {
                    return false;
                }

                foreach (var output in use.Node.Outputs)
                {
                    open.Push(output);
                }
            }
        }

        return true;
    }
}
