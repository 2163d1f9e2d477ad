using OnnxCompress.Models;
using OnnxCompress.Reconstruction;

namespace OnnxCompress.Precision;

/// <summary>
/// Finds what an Add puts beside a layer's output where pairs lie between: the layer can make up for what the other branch has
/// lost in bytes so far. In the float network the other branch is the tensor in front of its pair.
/// </summary>
/// <param name="graph">The graph with its pairs.</param>
/// <param name="shapes">Shapes of the float network.</param>
/// <param name="sites">The layers, in the order in which they are rounded.</param>
internal sealed class BranchesBeside(ModelGraph graph, TensorShapes shapes, IReadOnlyList<FitSite> sites)
{
    /// <summary>A layer with what is added beside it, and what the activation behind the sum lets through.</summary>
    /// <param name="index">Its place among the layers.</param>
    public FitSite See(int index)
    {
        var site = sites[index];
        if (site.Beside is not null || site.Range is not null || site.BiasBehind is not null || !site.TakesBias
            || Reader(site.Output) is not { OpType: "QuantizeLinear" } quantize
            || Reader(quantize.Outputs[0]) is not { OpType: "DequantizeLinear" } dequantize
            || Reader(dequantize.Outputs[0]) is not { OpType: "Add" } add)
        {
            return site;
        }

        var other = add.Inputs[add.Inputs[0] == dequantize.Outputs[0] ? 1 : 0];
        var beside = other == dequantize.Outputs[0] ? null : InFront(other);
        return beside is null || !IsAlike(site.Output, beside) || !IsSettled(beside, index) ? site : site with { Beside = beside, BesideNow = other, Range = ActivationRange.Behind(graph, add.Outputs[0]) };
    }

    private GraphNode? Reader(string tensor) => !graph.IsOutput(tensor) && graph.Uses(tensor) is [{ Index: >= 0, Node: var node }] ? node : null;

    /// <summary>The tensor whose pair makes another one; null for what no pair makes.</summary>
    private string? InFront(string tensor) =>
        graph.Producer(tensor) is { OpType: "DequantizeLinear" } read && graph.Producer(read.Inputs[0]) is { OpType: "QuantizeLinear" } pair && graph.Producer(pair.Inputs[0]) is not null
            ? pair.Inputs[0]
            : null;

    /// <summary>Whether rows of one tensor are rows of the other: an Add may also spread a smaller tensor out.</summary>
    private bool IsAlike(string output, string beside) =>
        shapes.Of(output) is { } dims && shapes.Of(beside) is { } others && dims.AsSpan().SequenceEqual(others);

    /// <summary>Whether no layer that is still to be rounded comes before a tensor.</summary>
    private bool IsSettled(string tensor, int index)
    {
        var open = sites.Skip(index).Select(s => s.Output).ToHashSet(StringComparer.Ordinal);
        var (pending, seen) = (new Stack<string>([tensor]), new HashSet<string>(StringComparer.Ordinal));
        while (pending.TryPop(out var next))
        {
            if (open.Contains(next))
            {
                return false;
            }

            if (seen.Add(next) && graph.Producer(next) is { } producer)
            {
                foreach (var input in producer.Inputs.Concat(producer.CapturedNames()))
                {
                    pending.Push(input);
                }
            }
        }

        return true;
    }
}
