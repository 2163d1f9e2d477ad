using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;

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
        return new FitSites(original.Graph, original.Graph, new Shrinkage(original.Graph, relations, null)).All();
    }

    /// <summary>All layers, whether or not what they read has changed.</summary>
    public IReadOnlyList<FitSite> All()
    {
        _changed.UnionWith(compressed.Inputs.Select(i => i.Name));
        return Find();
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

        sites = Shared(sites);
        return
        [
            .. sites.Select((site, i) => WithRange(site with { Beside = IsSettled(site.Beside, sites, i) ? site.Beside : null }))
                .Where(s => shrinkage.Shapes.TypeOf(s.Output) == ElementType.Float),
        ];
    }

    /// <summary>Layers with one weight are one site, if everything that they read is final before any of them is solved.</summary>
    private List<FitSite> Shared(List<FitSite> sites)
    {
        var joined = new List<FitSite>();
        var open = sites.Select(s => s.Output).ToHashSet(StringComparer.Ordinal);
        foreach (var uses in sites.GroupBy(s => s.Map.Weight, StringComparer.Ordinal))
        {
            var first = uses.First();
            var wanted = compressed.Uses(uses.Key).Count;
            if (wanted == 1)
            {
                joined.Add(first);
            }
            else if (uses.Count() == wanted && uses.All(u => IsFinal(u.Map.Input, open, out _)))
            {
                joined.Add(first with { Sharers = [.. uses.Skip(1)] });
            }

            // What is not fitted stays as it is, and is final too.
            open.ExceptWith(uses.Select(u => u.Output));
        }

        return joined;
    }

    private FitSite WithRange(FitSite site)
    {
        if (site.Sharers.Count > 0)
        {
            return site with { Range = null, Beside = null };
        }

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
        if (original.Producer(node.Outputs[0]) is not { } before || before.OpType != node.OpType || MapOf(node) is not { } map)
        {
            return null;
        }

        var reduce = ReduceOf(map);
        var outputAxis = map.ChannelAxis(shrinkage.Shapes.Of(map.Output)!.Length);
        // Where something else than the layer's own outputs goes, the two networks have different rows; the layer is exact as it is.
        if (shrinkage.Axes(map.Output).Where((axis, i) => i != outputAxis && shrinkage.Shrinks(axis)).Any())
        {
            return null;
        }

        var added = map.TakesBiasInput ? null : AddBehind(map);
        var keptOutputs = KeptOf(shrinkage.Axes(map.Output), outputAxis);
        var turned = shrinkage.Axes(map.Output) is var axes && outputAxis < axes.Length ? shrinkage.TurnOf(axes[outputAxis]) : null;
        var (input, kept) = Originally(reduce ?? map, before, outputAxis);
        return new FitSite
        {
            Name = before.Name,
            Map = reduce ?? map,
            Expand = reduce is null ? null : map,
            InputAxis = outputAxis,
            Output = map.Output,
            OutputAxis = outputAxis,
            KeptOutputs = keptOutputs,
            Turned = turned,
            OriginalInput = input,
            KeptInputs = kept,
            BiasAdd = added,
            AddedOriginally = added is null ? null : Originally(added, keptOutputs, turned),
            TakesBias = map.TakesBiasInput ? CanSetBias(map) : added is not null,
            Beside = BesideOf(added is null ? map.Output : added.Outputs[0]),
        };
    }

    /// <summary>The map of a node, when it is a layer whose weight can be replaced.</summary>
    private LinearMap? MapOf(GraphNode node)
    {
        if (LinearMap.Of(node, compressed) is not { Kind: LinearKind.Convolution or LinearKind.TransposedConvolution or LinearKind.Product, Scales: false, StatesOutput: false } map)
        {
            return null;
        }

        var isOwn = compressed.Constant(map.Weight)!.Type == ElementType.Float && !compressed.IsInput(map.Weight)
            && compressed.Uses(map.Weight).All(u => u.Node == node || (LinearMap.Of(u.Node, compressed)?.IsLike(map) == true && u.Index == map.WeightInput));
        var isKnown = original.Producer(map.Output) is null || shrinkage.Shapes.Of(map.Output) is { Length: > 1 };
        return isOwn && isKnown ? map : null;
    }

    /// <summary>The layer in front, when both are one map of low rank that a split has made.</summary>
    private LinearMap? ReduceOf(LinearMap map) =>
        map.IsPointwise && compressed.Producer(map.Input) is { } reduce && reduce.OpType == map.Node.OpType && original.Producer(reduce.Outputs[0]) is null
        && compressed.Uses(reduce.Outputs[0]).Count == 1 && MapOf(reduce) is { Groups: 1, BiasInput: null } found && found.WeightInput == map.WeightInput
            && compressed.Uses(found.Weight).Count == 1 && compressed.Uses(map.Weight).Count == 1
            ? found
            : null;

    /// <summary>What the original layer reads, and which of its channels the compressed one still reads.</summary>
    private (string? Input, int[]? Kept) Originally(LinearMap first, GraphNode before, int inputAxis)
    {
        var layer = LinearMap.Of(before, original);
        var input = before.Inputs[1 - first.WeightInput];
        var selects = compressed.Producer(first.Input) is { OpType: "Gather" } gather && gather.Inputs[0] == input && original.Producer(first.Input) is null;
        if ((first.Input != input && !selects) || (layer is not null && shrinkage.Axes(layer.Weight) is var read && layer.InputAxis < read.Length && shrinkage.TurnOf(read[layer.InputAxis]) is not null))
        {
            return (null, null);
        }

        return (input, first.Groups > 1 || layer is null
            ? KeptOf(shrinkage.Axes(input), inputAxis)
            : KeptOf(shrinkage.Axes(layer.Weight), layer.InputAxis));
    }

    private int[]? KeptOf(IndexAxis?[] axes, int axis) =>
        axis < axes.Length && shrinkage.Shrinks(axes[axis]) ? shrinkage.Indices(axes[axis]!) : null;

    private bool CanSetBias(LinearMap map) => compressed.Uses(map.Weight) is { Count: > 1 } uses
        // One constant for all that share the weight, or none.
        ? map.BiasInput is { } shared && compressed.Uses(shared).Count == uses.Count && uses.All(u => u.Node.Input(2) == shared) && CanWriteBias(map)
        : CanWriteBias(map);

    private bool CanWriteBias(LinearMap map) =>
        map.BiasInput is not { } bias || (compressed.Constant(bias) is { } constant && constant.Count == map.Outputs && !compressed.IsInput(bias));

    /// <summary>The Add behind a layer that adds a constant of its own to each output.</summary>
    private GraphNode? AddBehind(LinearMap map) =>
        LayerBias.AddBehind(map.Output, compressed) is var (add, other)
        && compressed.Constant(other) is { Type: ElementType.Float } constant && LayerBias.IsVector(constant, map.Outputs)
        && compressed.Uses(other).Count == 1 && !compressed.IsInput(other) && (original.Constant(other) is not null || IsShift(map, add))
            ? add
            : null;

    /// <summary>Whether an Add puts to a product what it has taken up from a normalisation.</summary>
    private bool IsShift(LinearMap map, GraphNode add) => shrinkage.Shifted.GetValueOrDefault(map.Output) == add.Outputs[0];

    /// <summary>What an Add added in the original: nothing where it is new.</summary>
    private float[] Originally(GraphNode add, int[]? kept, Matrix<float>? turned)
    {
        var constant = compressed.Constant(add.Inputs[0]) ?? compressed.Constant(add.Inputs[1])!;
        if (original.Constant(constant.Name) is not { } known)
        {
            return new float[constant.Count];
        }

        var values = known.ReadFloats();
        return turned is not null ? OriginalOutputs.Turn(values, turned)
            : kept is null ? values : [.. kept.Select(k => values[k])];
    }

    private string? BesideOf(string tensor) =>
        LayerBias.AddBehind(tensor, compressed) is var (_, other)
        && original.Producer(other) is not null && original.Constant(other) is null && compressed.Producer(other) is not null
        && shrinkage.Shapes.Of(tensor) is { } dims && shrinkage.Shapes.Of(other) is { } others && dims.AsSpan().SequenceEqual(others)
            ? other
            : null;

    /// <summary>Whether nothing that is still to be solved comes before a tensor.</summary>
    private bool IsSettled(string? tensor, List<FitSite> sites, int index)
    {
        if (tensor is null)
        {
            return false;
        }

        var open = sites.Skip(index).SelectMany(s => s.Uses).Select(s => s.Output).ToHashSet(StringComparer.Ordinal);
        return IsFinal(tensor, open, out var seen) && seen.Overlaps(_changed);
    }

    private bool IsFinal(string tensor, HashSet<string> open, out HashSet<string> seen)
    {
        var pending = new Stack<string>([tensor]);
        seen = new HashSet<string>(StringComparer.Ordinal);
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

        return true;
    }
}
