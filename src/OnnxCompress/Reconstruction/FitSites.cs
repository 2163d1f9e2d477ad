using OnnxCompress.Dependencies;
using OnnxCompress.Dependencies.Scores;
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
    /// <summary>
    /// Columns of patches beyond which a row is fitted to what its column makes, which stays: the Gram of patches takes the square of
    /// them.
    /// </summary>
    private const int MostColumns = 1200;

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
        var someWent = compressed.Nodes.Any(n => BranchAims.IsPassed(n, original));
        foreach (var node in compressed.Nodes)
        {
            var reads = node.Inputs.Concat(node.CapturedNames()).Any(_changed.Contains);
            var site = reads || someWent ? SiteOf(node) : null;
            site = someWent && site is { Turn: null } && compressed.Uses(site.Map.Weight).Count == 1 ? site with { Aim = AimOf(site) } : site;
            if (site is not null && (reads || site.Aim is not null))
            {
                sites.Add(site);
            }

            if (site?.Aim is not null || IsChanged(node))
            {
                _changed.UnionWith(node.Outputs);
            }
        }

        sites = Shared(sites);
        return
        [
            .. sites.Select((site, i) => WithRange(site with { Beside = IsSettled(site.Beside, sites, i, site.Aim is not null) ? site.Beside : null }))
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

        // Without a bias the constants of the targets could not be met.
        return site with { Range = site.TakesBias && Behind(site) is { } behind ? ActivationRange.Behind(compressed, behind) : null };
    }

    /// <summary>What an activation behind the layer would read; null where another operator does more than to add.</summary>
    private string? Behind(FitSite site)
    {
        var output = site.BiasBehind is null ? site.Output : LayerBias.AddBehind(site.Output, compressed)?.Add.Outputs[0];
        return site.Beside is null || output is null ? output : LayerBias.AddBehind(output, compressed)?.Add.Outputs[0];
    }

    private BranchAim? AimOf(FitSite site) =>
        BranchAims.Of(site.Output, original, compressed) is { } aim && shrinkage.Shapes.Of(site.Output) is { } dims
        && shrinkage.Shapes.Of(aim.Sum) is { } sums && shrinkage.Shapes.Of(aim.Wanted) is { } others && dims.AsSpan().SequenceEqual(sums) && dims.AsSpan().SequenceEqual(others)
            ? aim
            : null;

    private bool IsChanged(GraphNode node) =>
        node.Inputs.Concat(node.CapturedNames()).Any(_changed.Contains)
        || original.Producer(node.Outputs[0])?.OpType != node.OpType
        || node.Inputs.Any(i => compressed.Constant(i) is { } constant && (original.Constant(i) is not { } before || !constant.HasSameContent(before)));

    private FitSite? SiteOf(GraphNode node)
    {
        if (original.Producer(node.Outputs[0]) is not { } before || before.OpType != node.OpType || MapOf(node) is not { } map)
        {
            return null;
        }

        var (reduce, column) = (ReduceOf(map), ColumnOf(map, before));
        var first = reduce ?? column ?? map;
        var outputAxis = map.ChannelAxis(shrinkage.Shapes.Of(map.Output)!.Length);
        // Where something else than the layer's own outputs goes, the two networks have different rows; the layer is exact as it is.
        if (shrinkage.Axes(map.Output).Where((axis, i) => i != outputAxis && shrinkage.Shrinks(axis)).Any())
        {
            return null;
        }

        var added = map.TakesBiasInput ? null : BiasBehind(map);
        var keptOutputs = KeptOf(shrinkage.Axes(map.Output), outputAxis);
        var turn = keptOutputs is null ? null : shrinkage.Turns.GetValueOrDefault(map.Output);
        var turned = shrinkage.Axes(map.Output) is var axes && outputAxis < axes.Length ? shrinkage.TurnOf(axes[outputAxis]) : null;
        var (input, kept) = Originally(first, before, outputAxis);
        return new FitSite
        {
            Name = before.Name,
            Map = first,
            Expand = reduce is null ? null : map,
            Along = column is null ? null : map,
            Window = column is null ? first.Window : LinearMap.Of(before, original)!.Window,
            InputAxis = outputAxis,
            Output = map.Output,
            OutputAxis = outputAxis,
            KeptOutputs = keptOutputs,
            Turn = turn,
            Turned = turned,
            OriginalInput = input,
            KeptInputs = kept,
            BiasBehind = added,
            AddedOriginally = added is null ? null : Originally(added, keptOutputs, turn, turned),
            AddedTurned = added is null || turn is null ? null : Originally(added, null, turn, null),
            TakesBias = map.TakesBiasInput ? CanSetBias(map) : added is not null,
            Beside = BesideOf(map.Output, added),
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
    private LinearMap? ReduceOf(LinearMap map) => map.IsPointwise ? FactorInFront(map) : null;

    /// <summary>The column in front of a row, when both are one kernel that a split has made.</summary>
    private LinearMap? ColumnOf(LinearMap map, GraphNode before) =>
        map is { Kind: LinearKind.Convolution, Groups: 1, Kernel: [1, > 1] } && LinearMap.Of(before, original) is { Groups: 1, Kernel: [> 1, > 1] kernel } whole
        && whole.Inputs * kernel[0] * kernel[1] <= MostColumns
        && FactorInFront(map) is { Kernel: [> 1, 1] } column && column.Kernel[0] == kernel[0] && map.Kernel[1] == kernel[1]
            ? column
            : null;

    private LinearMap? FactorInFront(LinearMap map) =>
        compressed.Producer(map.Input) is { } reduce && reduce.OpType == map.Node.OpType && original.Producer(reduce.Outputs[0]) is null
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

    /// <summary>The constant of its own that an Add behind a layer, or a node that adds before it does something else, adds to each output.</summary>
    private string? BiasBehind(LinearMap map) =>
        LayerBias.Behind(map.Output, compressed) is { } other
        && compressed.Constant(other) is { Type: ElementType.Float } constant && LayerBias.IsVector(constant, map.Outputs)
        && compressed.Uses(other).Count == 1 && !compressed.IsInput(other) && (original.Constant(other) is not null || IsShift(map))
            ? other
            : null;

    /// <summary>Whether an Add puts to a product what it has taken up from a normalisation.</summary>
    private bool IsShift(LinearMap map) => LayerBias.AddBehind(map.Output, compressed) is var (add, _) && shrinkage.Shifted.GetValueOrDefault(map.Output) == add.Outputs[0];

    /// <summary>What is added in the original: nothing where the constant is new.</summary>
    private float[] Originally(string constant, int[]? kept, LayerTurn? turn, Matrix<float>? turned)
    {
        if (original.Constant(constant) is not { } known)
        {
            return new float[compressed.Constant(constant)!.Count];
        }

        var values = known.ReadFloats();
        values = turn?.Of(values) ?? values;
        return turned is not null ? OriginalOutputs.Turn(values, turned)
            : kept is null ? values : [.. kept.Select(k => values[k])];
    }

    /// <summary>What is added to a layer's outputs beside a constant: by an Add, behind that of the constant if there is one, or by a node that adds both.</summary>
    private string? BesideOf(string tensor, string? constant)
    {
        var summed = constant is not null && LayerBias.AddBehind(tensor, compressed) is var (add, _) ? add.Outputs[0] : tensor;
        var other = LayerBias.AddBehind(summed, compressed)?.Other ?? LayerBias.SkipBehind(summed, compressed);
        return other is not null && original.Producer(other) is not null && original.Constant(other) is null && compressed.Producer(other) is not null
            && shrinkage.Shapes.Of(tensor) is { } dims && shrinkage.Shapes.Of(other) is { } others && dims.AsSpan().SequenceEqual(others)
                ? other
                : null;
    }

    /// <summary>Whether nothing that is still to be solved comes before a tensor.</summary>
    private bool IsSettled(string? tensor, List<FitSite> sites, int index, bool isNeeded)
    {
        if (tensor is null)
        {
            return false;
        }

        var open = sites.Skip(index).SelectMany(s => s.Uses).Select(s => s.Output).ToHashSet(StringComparer.Ordinal);
        return IsFinal(tensor, open, out var seen) && (isNeeded || seen.Overlaps(_changed));
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
