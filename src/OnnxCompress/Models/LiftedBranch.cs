using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>A branch of an If node whose nodes lie in the graph around it while a model is worked on.</summary>
/// <param name="Output">The first output of the If node, which it keeps however the graph is edited.</param>
/// <param name="Attribute">Which branch.</param>
/// <param name="Shell">The branch without nodes and constants, and with its outputs by the names of the file.</param>
/// <param name="Around">Number of the branch that the If node lies in; 0 for the main graph.</param>
internal sealed record LiftedBranch(string Output, string Attribute, GraphProto Shell, int Around)
{
    /// <summary>
    /// Whether the model cannot go on from the other branch, so that what leaves this one may shrink: the other one only hands
    /// on what it reads, with another number of axes, and what comes behind refuses that.
    /// </summary>
    public bool IsOnly { get; init; }

    /// <summary>Tensors and nodes that had to be renamed, with the names of the file.</summary>
    public required IReadOnlyDictionary<string, string> Renamed { get; init; }

    /// <summary>The branch as it stands in the If node meanwhile: an Identity for each output.</summary>
    /// <param name="node">The If node.</param>
    public GraphProto In(GraphNode node) => node.Proto.Attribute.First(a => a.Name == Attribute).G;

    /// <summary>What the nodes of the branch make of each output of the If node.</summary>
    /// <param name="node">The If node.</param>
    public IReadOnlyList<string> Results(GraphNode node) => [.. In(node).Node.Select(n => n.Input[0])];
}
