using OnnxCompress.Dependencies;
using OnnxCompress.Models;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// Finds the linear layers of a compressed network that read something else than in the original: fewer channels, or
/// values that earlier layers have changed. A layer that only lost outputs is exact as it is.
/// </summary>
/// <param name="original">The original network.</param>
/// <param name="compressed">The compressed one; what both have bears one name.</param>
/// <param name="shrinkage">Which channels stayed.</param>
internal sealed class FitSites(ModelGraph original, ModelGraph compressed, Shrinkage shrinkage)
{
    private readonly HashSet<string> _changed = new(StringComparer.Ordinal);

    /// <summary>All layers of a network that a plan for it may have to fit.</summary>
    /// <param name="original">The network.</param>
    /// <param name="relations">Its axes.</param>
    public static IReadOnlyList<FitSite> Possible(OnnxModel original, Relations relations)
    {
        var sites = new FitSites(original.Graph, original.Graph, new Shrinkage(original.Graph, relations, static _ => true));
        // As if the inputs had changed, and with them everything.
        sites._changed.UnionWith(original.Inputs.Select(i => i.Name));
        return sites.Find();
    }

    /// <summary>The layers, in an order in which they can be solved.</summary>
    public IReadOnlyList<FitSite> Find()
    {
        var sites = new List<FitSite>();
        foreach (var node in compressed.Nodes)
        {
            if (node.Inputs.Concat(node.CapturedNames()).Any(_changed.Contains) && SiteOf(node) is { } site)
            {
                sites.Add(site);
            }

            if (IsChanged(node))
            {
                _changed.UnionWith(node.Outputs);
            }
        }

        return
        [
            .. sites.Select((site, i) => WithRange(site with { Beside = IsSettled(site.Beside, sites, i) ? site.Beside : null }))
                .Where(s => shrinkage.Shapes.TypeOf(s.Output) == ElementType.Float),
        ];
    }

    private FitSite WithRange(FitSite site)
    {
        var output = site.BiasAdd is { } add ? add.Outputs[0] : site.Output;
        var behind = site.Beside is null ? output : compressed.Uses(output)[0].Node.Outputs[0];
        // Without a bias the constants of the targets could not be met.
        return site with { Range = site.TakesBias ? ActivationRange.Behind(compressed, behind) : null };
    }

    private bool IsChanged(GraphNode node) =>
        node.Inputs.Concat(node.CapturedNames()).Any(_changed.Contains)
        || original.Producer(node.Outputs[0]) is null
        || node.Inputs.Any(i => compressed.Constant(i) is { } constant && (original.Constant(i) is not { } before || !constant.HasSameContent(before)));

    private FitSite? SiteOf(GraphNode node)
    {
        if (original.Producer(node.Outputs[0]) is not { } before || before.OpType != node.OpType || LayoutOf(node) is not var (layout, weightInput))
        {
            return null;
        }

        var reduce = ReduceOf(node, layout, weightInput);
        var first = reduce ?? node;
        var firstLayout = reduce is null ? layout : LayoutOf(reduce)!.Value.Layout;
        var dims = shrinkage.Shapes.Of(node.Outputs[0])!;
        var outputAxis = AxisOf(node, dims.Length, weightInput);
        // Where something else than the layer's own outputs goes, the two networks have different rows; the layer is exact as it is.
        if (shrinkage.Axes(node.Outputs[0]).Where((axis, i) => i != outputAxis && shrinkage.Shrinks(axis)).Any())
        {
            return null;
        }

        var inputAxis = node.OpType == "MatMul" ? outputAxis : 1;
        var added = node.OpType == "MatMul" ? AddBehind(node, layout.AllOutputs) : null;
        var (input, kept) = Originally(first, before, inputAxis, weightInput, layout.Groups);
        return new FitSite
        {
            Name = before.Name,
            Node = first,
            Expand = reduce is null ? null : node,
            Layout = firstLayout,
            WeightInput = weightInput,
            InputAxis = inputAxis,
            Output = node.Outputs[0],
            OutputAxis = outputAxis,
            Outputs = layout.AllOutputs,
            KeptOutputs = KeptOf(shrinkage.Axes(node.Outputs[0]), outputAxis),
            OriginalInput = input,
            KeptInputs = kept,
            BiasAdd = added,
            AddedOriginally = added is null ? null : Originally(added, KeptOf(shrinkage.Axes(node.Outputs[0]), outputAxis)),
            TakesBias = node.OpType == "MatMul" ? added is not null : TakesBias(node, layout.AllOutputs),
            Beside = BesideOf(added is null ? node.Outputs[0] : added.Outputs[0]),
        };
    }

    /// <summary>The layout of a node's weight, when it is a layer whose weight can be replaced.</summary>
    private (WeightLayout Layout, int WeightInput)? LayoutOf(GraphNode node)
    {
        if (node.Domain.Length > 0 || node.OpType is not ("Conv" or "ConvTranspose" or "Gemm" or "MatMul") || node.Has("output_shape")
            || node.Float("alpha", 1) != 1 || node.Float("beta", 1) != 1 || node.Int("transA", 0) != 0)
        {
            return null;
        }

        var weightInput = node.OpType == "MatMul" && compressed.Constant(node.Inputs[0]) is not null ? 0 : 1;
        var weight = compressed.Constant(node.Inputs[weightInput]);
        var isOwn = weight is { Type: ElementType.Float } && compressed.Uses(node.Inputs[weightInput]).Count == 1 && !compressed.IsInput(node.Inputs[weightInput]);
        var isKnown = original.Producer(node.Outputs[0]) is null || shrinkage.Shapes.Of(node.Outputs[0]) is { Length: > 1 };
        return isOwn && isKnown && WeightLayout.Of(node, weight!.Dims, weightInput == 0) is { } layout
            ? (layout, weightInput)
            : null;
    }

    private static int AxisOf(GraphNode node, int rank, int weightInput) => node.OpType != "MatMul" ? 1 : weightInput == 0 ? rank - 2 : rank - 1;

    /// <summary>The node in front, when both are one map of low rank that a split has made.</summary>
    private GraphNode? ReduceOf(GraphNode node, WeightLayout layout, int weightInput)
    {
        var reduce = compressed.Producer(node.Inputs[1 - weightInput]);
        return reduce is not null && reduce.OpType == node.OpType && original.Producer(reduce.Outputs[0]) is null
            && layout is { Groups: 1, Taps: 1 } && node.Ints("strides").All(s => s == 1) && node.Ints("pads").All(p => p == 0)
            && compressed.Uses(reduce.Outputs[0]).Count == 1 && reduce.Input(2) is null
            && LayoutOf(reduce) is { Layout.Groups: 1 } found && found.WeightInput == weightInput
            ? reduce
            : null;
    }

    /// <summary>What the original layer reads, and which of its channels the compressed one still reads.</summary>
    private (string? Input, int[]? Kept) Originally(GraphNode first, GraphNode before, int inputAxis, int weightInput, int groups)
    {
        var input = before.Inputs[1 - weightInput];
        var reads = first.Inputs[1 - weightInput];
        var selects = compressed.Producer(reads) is { OpType: "Gather" } gather && gather.Inputs[0] == input && original.Producer(reads) is null;
        if (reads != input && !selects)
        {
            return (null, null);
        }

        var layer = groups > 1 ? null : before.Inputs[weightInput];
        return (input, layer is null
            ? KeptOf(shrinkage.Axes(input), inputAxis)
            : KeptOf(shrinkage.Axes(layer), WeightInputAxis(before, weightInput)));
    }

    private static int WeightInputAxis(GraphNode node, int weightInput) => node.OpType switch
    {
        "Conv" => 1,
        "Gemm" => node.Int("transB", 0) != 0 ? 1 : 0,
        "MatMul" => weightInput == 0 ? 1 : 0,
        _ => 0,
    };

    private int[]? KeptOf(IndexAxis?[] axes, int axis)
    {
        if (axis >= axes.Length || axes[axis] is not { } indices || !shrinkage.Shrinks(indices))
        {
            return null;
        }

        return [.. Enumerable.Range(0, indices.Length).Where(i => shrinkage.IsKept(indices.Ids[i]))];
    }

    private bool TakesBias(GraphNode node, int outputs) =>
        node.Input(2) is not { } bias || (compressed.Constant(bias) is { } constant && constant.Count == outputs && !compressed.IsInput(bias));

    /// <summary>The Add behind a MatMul that adds a constant of its own to each output.</summary>
    private GraphNode? AddBehind(GraphNode node, int outputs)
    {
        var uses = compressed.Uses(node.Outputs[0]);
        if (uses.Count != 1 || uses[0].Node.OpType != "Add" || compressed.IsOutput(node.Outputs[0]))
        {
            return null;
        }

        var other = uses[0].Node.Inputs[1 - uses[0].Index];
        return compressed.Constant(other) is { Type: ElementType.Float } constant && constant.Count == outputs && constant.Dims is [.., var last] && last == outputs
            && compressed.Uses(other).Count == 1 && !compressed.IsInput(other) && original.Constant(other) is not null
            ? uses[0].Node
            : null;
    }

    private float[] Originally(GraphNode add, int[]? kept)
    {
        var values = original.Constant(compressed.Constant(add.Inputs[0]) is not null ? add.Inputs[0] : add.Inputs[1])!.ReadFloats();
        return kept is null ? values : [.. kept.Select(k => values[k])];
    }

    private string? BesideOf(string tensor)
    {
        var uses = compressed.Uses(tensor);
        if (uses.Count != 1 || uses[0].Node.OpType != "Add" || uses[0].Index == TensorUse.Captured || compressed.IsOutput(tensor))
        {
            return null;
        }

        var other = uses[0].Node.Inputs[1 - uses[0].Index];
        var isInBoth = original.Producer(other) is not null && original.Constant(other) is null && compressed.Producer(other) is not null;
        return isInBoth && other != tensor
            && shrinkage.Shapes.Of(tensor) is { } dims && shrinkage.Shapes.Of(other) is { } others && dims.AsSpan().SequenceEqual(others)
            ? other
            : null;
    }

    /// <summary>Whether nothing that is still to be solved comes before a tensor.</summary>
    private bool IsSettled(string? tensor, List<FitSite> sites, int index)
    {
        if (tensor is null)
        {
            return false;
        }

        var open = sites.Skip(index).Select(s => s.Output).ToHashSet(StringComparer.Ordinal);
        var (pending, seen) = (new Stack<string>([tensor]), new HashSet<string>(StringComparer.Ordinal));
        while (pending.TryPop(out var next))
        {
            if (open.Contains(next))
            {
                return false;
            }

            if (seen.Add(next) && compressed.Producer(next) is { } producer)
            {
                foreach (var input in producer.Inputs.Concat(producer.CapturedNames()))
                {
                    pending.Push(input);
                }
            }
        }

        return seen.Overlaps(_changed);
    }
}
