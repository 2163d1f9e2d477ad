using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Streams;

/// <summary>
/// A normalisation of channels, one node or several: <c>y = scale * n + shift</c> with <c>n = x / sqrt(mean(x^2) + eps)</c>
/// over the channels of x, which is centred before where <see cref="IsCentred"/> (Ba et al. 2016; Zhang and Sennrich 2019).
/// </summary>
internal sealed class Normalisation
{
    /// <summary>The attribute of fused forms that is added to the mean of squares, and what it is without one.</summary>
    private const string EpsilonAttribute = "epsilon";
    private const float EpsilonOtherwise = 1e-5f, EpsilonOfSkips = 1e-12f;

    /// <summary>Name of the node that makes the output.</summary>
    public required string Name { get; init; }

    /// <summary>Whether the mean over the channels is taken off.</summary>
    public required bool IsCentred { get; init; }

    /// <summary>What is normalised: one activation, or two that the node sums.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>What it makes, scaled and shifted.</summary>
    public required string Output { get; init; }

    /// <summary>The sum that it normalises, where the node makes that an output too.</summary>
    public string? Sum { get; init; }

    /// <summary>The constant over channels that multiplies; null for none.</summary>
    public string? Scale { get; init; }

    /// <summary>The constant over channels that is added last; null for none.</summary>
    public string? Shift { get; init; }

    /// <summary>Names of all of its nodes.</summary>
    public required IReadOnlySet<string> Nodes { get; init; }

    /// <summary>The name of the Add of its epsilon, where that is a node; null where it is an attribute.</summary>
    public string? EpsilonAdd { get; init; }

    /// <summary>Multiplies what is added to the mean of squares.</summary>
    /// <param name="graph">A graph that has the nodes.</param>
    /// <param name="node">By its name, a node of that graph.</param>
    /// <param name="factor">By what.</param>
    public void ScaleEpsilon(ModelGraph graph, Func<string, GraphNode> node, double factor)
    {
        if (EpsilonAdd is null)
        {
            var fused = node(Name);
            fused.SetFloat(EpsilonAttribute, (float)(factor * fused.Float(EpsilonAttribute, fused.OpType.StartsWith("Skip", StringComparison.Ordinal) ? EpsilonOfSkips : EpsilonOtherwise)));
            return;
        }

        // A constant of its own: others may have the same epsilon and another width.
        var add = node(EpsilonAdd);
        var index = graph.Constant(add.Inputs[0]) is null ? 1 : 0;
        var known = graph.Constant(add.Inputs[index])!;
        var own = graph.AddInitializer(graph.UniqueName($"{add.Name}/epsilon"), known.Type, [.. known.Dims]);
        own.Write([.. known.Dims], [.. known.ReadFloats().Select(e => (float)(e * factor))]);
        add.Proto.Input[index] = own.Name;
    }
}
