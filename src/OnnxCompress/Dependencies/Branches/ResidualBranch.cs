using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Branches;

/// <summary>
/// A branch <c>f</c> of a sum <c>x + f(x)</c> that may go as a whole: the sum then passes on what lies beside it. Layers as units of what is
/// removed: Men et al. 2024, ShortGPT, section 3.
/// </summary>
/// <param name="Sum">The node that adds: an Add, or a normalisation of a sum.</param>
/// <param name="Skip">Which of its inputs stays.</param>
/// <param name="Nodes">The nodes that nothing needs any more once it is gone, in the order of the graph.</param>
/// <param name="Layers">The layers among them.</param>
internal sealed record ResidualBranch(GraphNode Sum, int Skip, IReadOnlyList<GraphNode> Nodes, IReadOnlyList<LinearLayer> Layers)
{
    /// <summary>Which output of a normalisation of a sum shows the sum.</summary>
    private const int SumOutput = 3;

    /// <summary>An axis of one index, which goes with the branch: what only the branch needs is counted as often as it stays.</summary>
    public required IndexAxis Axis { get; init; }

    /// <summary>The layers that read the sum, through whatever is no layer: this one and later ones of the same stream.</summary>
    public IReadOnlyList<LinearLayer> Readers { get; init; } = [];

    /// <summary>What its site is called.</summary>
    public string Name => $"{Sum.Name}/branch";

    /// <summary>The tensor beside it.</summary>
    public string SkipTensor => Sum.Inputs[Skip];

    /// <summary>The tensor that it makes.</summary>
    public string Made => Sum.Inputs[1 - Skip];

    /// <summary>The tensor of the sum; null where a normalisation does not show it.</summary>
    public string? SumTensor => SumOf(Sum);

    /// <summary>The layer that makes most of what it adds: its last.</summary>
    public LinearLayer Last => Layers[^1];

    /// <summary>Whether a node adds two tensors and does something else too.</summary>
    public static bool IsSkipNormalization(GraphNode node) => node is { Domain: "com.microsoft", OpType: "SkipLayerNormalization" or "SkipSimplifiedLayerNormalization" };

    /// <summary>The tensor of the sum that a node makes; null where it does not show it.</summary>
    public static string? SumOf(GraphNode node) => !IsSkipNormalization(node) ? node.Outputs[0]
        : node.Outputs.Count > SumOutput && node.Outputs[SumOutput].Length > 0 ? node.Outputs[SumOutput] : null;

    /// <summary>What people read of it.</summary>
    public string Describe() =>
        $"{Name}: a branch of {Nodes.Count} nodes, layers {string.Join(", ", Layers.Select(l => l.Node.Name))}. Removing it takes them out, and '{Sum.Name}' passes on what lies beside it.";
}

/// <summary>A branch that stays, and why.</summary>
/// <param name="Node">The node that adds it.</param>
/// <param name="Sentence">What a person reads.</param>
internal sealed record HeldBranch(string Node, string Sentence);
