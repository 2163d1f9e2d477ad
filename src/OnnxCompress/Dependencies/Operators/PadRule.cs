using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// Pad puts new indices before and behind those of an axis (option-A shortcuts of residual networks pad channels). A
/// padded channel can go like any other: then less is padded.
/// </summary>
internal sealed class PadRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["Pad"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var axes = (IndexAxis?[])relations.Axes(node.Inputs[0]).Clone();
        if (Amounts(node, relations.Graph, axes.Length) is not { } pads)
        {
            relations.Opaque(node, DiagnosticCodes.OperatorNotMapped, $"the padding of '{node.Name}' (Pad) is computed");
            return;
        }

        for (var i = 0; i < axes.Length; i++)
        {
            var (before, after) = ((int)pads[i], (int)pads[i + axes.Length]);
            if (axes[i] is not { } axis || (before == 0 && after == 0))
            {
                continue;
            }

            if (before < 0 || after < 0 || node.Text("mode", "constant") != "constant")
            {
                relations.Pin(axis, DiagnosticCodes.OperatorNotMapped, node, $"'{node.Name}' (Pad) cuts or mirrors them");
                axes[i] = null;
            }
            else
            {
                axes[i] = new IndexAxis([.. relations.Elements.NewAxis(before).Ids, .. axis.Ids, .. relations.Elements.NewAxis(after).Ids]);
            }
        }

        relations.Set(node.Outputs[0], axes);
    }

    /// <inheritdoc />
    public override void Shrink(GraphNode node, Shrinkage shrinkage)
    {
        var axes = shrinkage.Axes(node.Outputs[0]);
        if (!axes.Any(shrinkage.Shrinks) || Amounts(node, shrinkage.Graph, axes.Length) is not { } pads)
        {
            return;
        }

        for (var i = 0; i < axes.Length; i++)
        {
            if (axes[i] is { } axis && shrinkage.Shrinks(axis))
            {
                var (before, after) = ((int)pads[i], (int)pads[i + axes.Length]);
                pads[i] = shrinkage.Kept(axis, 0, before);
                pads[i + axes.Length] = shrinkage.Kept(axis, axis.Length - after, axis.Length);
            }
        }

        if (node.Has("pads"))
        {
            node.SetInts("pads", pads);
            return;
        }

        node.Proto.Input[1] = shrinkage.Graph.AddIntegers($"{node.Name}/pads", pads);
        if (node.Input(3) is not null)
        {
            // The amounts are now those of all axes.
            node.Proto.Input.RemoveAt(3);
        }
    }

    /// <summary>Amounts before all axes, then behind all axes; null when they are not constant.</summary>
    internal static long[]? Amounts(GraphNode node, ModelGraph graph, int rank)
    {
        if (node.Has("pads"))
        {
            return [.. node.Ints("pads")];
        }

        var values = node.Input(1) is { } name ? graph.Constant(name)?.ReadIntegers() : null;
        if (values is null || node.Input(3) is not { } axesName)
        {
            return values;
        }

        if (graph.Constant(axesName)?.ReadIntegers() is not { } listed)
        {
            return null;
        }

        var pads = new long[2 * rank];
        for (var i = 0; i < listed.Length; i++)
        {
            var axis = (int)(listed[i] < 0 ? listed[i] + rank : listed[i]);
            (pads[axis], pads[axis + rank]) = (values[i], values[i + listed.Length]);
        }

        return pads;
    }
}
