using System.Collections.Immutable;
using OnnxCompress.Dependencies.Branches;
using OnnxCompress.Dependencies.Operators;
using OnnxCompress.Dependencies.Scores;
using OnnxCompress.Dependencies.Streams;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies;

/// <summary>
/// Finds what must be removed together: walks the graph once, lets each operator relate its axes, and reads the groups
/// off the tied indices.
/// </summary>
internal static class DependencyAnalyzer
{
    /// <summary>A Gather in front of a narrower layer costs what it saves.</summary>
    private const int FewestSelectable = 32;

    /// <summary>Analyzes a model.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="shapes">Its observed shapes.</param>
    /// <param name="isSelected">Whether the layers of a node may lose outputs.</param>
    /// <param name="parameters">Parameters of the file, before the model was simplified; null where it was not.</param>
    /// <param name="branchMacs">By the name of a node that carries graphs, operations of one run of them; null where there are none.</param>
    /// <param name="turnsStreams">Whether residual streams may be turned, so that directions of them go.</param>
    public static ModelAnalysis Analyze(
        OnnxModel model, TensorShapes shapes, Func<string, bool>? isSelected = null, long? parameters = null, IReadOnlyDictionary<string, long>? branchMacs = null, bool turnsStreams = false)
    {
        isSelected ??= static _ => true;
        // Once to see which channels cannot go where they are made; then again, with the layers that read those selecting.
        var relations = Relate(model, shapes, isSelected, ImmutableHashSet<string>.Empty);
        IReadOnlyList<HeldStream> held = [];
        IReadOnlyList<ResidualStream> streams = turnsStreams ? Streams(ref relations, passing => Relate(model, shapes, isSelected, ImmutableHashSet<string>.Empty, passing), out held) : [];
        var selecting = relations.Layers.Where(l => isSelected(l.Node.Name) && CouldSelect(relations, l)).Select(l => l.Node.Name).ToHashSet(StringComparer.Ordinal);
        if (selecting.Count > 0)
        {
            relations = Relate(model, shapes, isSelected, selecting, relations.Passing);
            streams = streams.Count == 0 ? streams : new StreamFinder(relations, [.. streams.SelectMany(s => s.Norms)]).Find();
        }

        foreach (var (node, macs) in branchMacs ?? new Dictionary<string, long>())
        {
            relations.Add(new MacTerm(node, macs, []));
        }

        var products = ScoreFinder.Settle(relations);
        var branches = ModelBranches.Find(relations, isSelected);
        var cost = CostOf(model, relations, branches.Of);
        var groups = GroupBuilder.Build(relations);
        foreach (var stream in streams)
        {
            groups.FirstOrDefault(g => g.FreeChannels == g.Channels && g.Segments.Count == 1 && g.Atoms.AsSpan().SequenceEqual(stream.Roots) && g.ConsumerLayers.Count == stream.Readers.Count)?.Stream = stream;
        }

        if (relations.Passing.Count > 0 && (groups.Count(g => g.Stream is not null) != streams.Count || relations.Passing.Count != streams.Sum(s => s.Norms.Sum(n => n.Nodes.Count))))
        {
            // Channels that pass a normalisation may go in no other way.
            return Analyze(model, shapes, isSelected, parameters, branchMacs);
        }

        var scores = GroupBuilder.OfScores(relations, products);
        IReadOnlyList<Refusal> refusals = [.. RefusalFinder.Find(relations, [.. groups, .. scores]), .. held.Select(h => new Refusal(h.Node, DiagnosticCodes.StreamHeld, $"The residual stream at '{h.Node}' is not turned: {h.Sentence}.", 0)),
            .. branches.Refusals];
        return new ModelAnalysis(relations, groups, refusals, cost)
        {
            Scores = scores,
            Branches = branches.Groups,
            BranchesOf = branches.Of,
            IsSelected = isSelected,
            Parameters = parameters ?? cost.Parameters(cost.Whole),
        };
    }

    /// <summary>
    /// The streams that may be turned. All normalisations are let pass first, then those of streams that are understood: what is not
    /// stays as it was.
    /// </summary>
    private static IReadOnlyList<ResidualStream> Streams(ref Relations relations, Func<IReadOnlySet<string>, Relations> relate, out IReadOnlyList<HeldStream> held)
    {
        var norms = new NormalisationFinder(relations).Find();
        held = [];
        while (norms.Count > 0)
        {
            var passing = relate(norms.SelectMany(n => n.Nodes).ToHashSet(StringComparer.Ordinal));
            var finder = new StreamFinder(passing, norms);
            var streams = finder.Find();
            held = [.. held, .. finder.Held];
            Normalisation[] left = [.. streams.SelectMany(s => s.Norms)];
            if (left.Length == norms.Count)
            {
                relations = passing;
                return streams;
            }

            norms = left;
        }

        return [];
    }

    private static Relations Relate(OnnxModel model, TensorShapes shapes, Func<string, bool> isSelected, IReadOnlySet<string> selecting, IReadOnlySet<string>? passing = null)
    {
        var relations = new Relations(model.Graph, shapes, model.Opset, selecting) { Branches = model.Lifted, Passing = passing ?? ImmutableHashSet<string>.Empty };
        foreach (var node in model.Graph.Nodes)
        {
            var known = relations.Macs.Count;
            OperatorRules.Relate(node, relations);
            if (relations.Macs.Count == known && MacCount.Of(node, relations) is > 0 and var macs)
            {
                relations.Add(new MacTerm(node.Name, macs, []));
            }
        }

        PinOutputs(relations);
        PinSharedWeights(relations);
        PinUnselected(relations, isSelected);
        return relations;
    }

    /// <summary>
    /// Whether a Gather in front of the layer could leave out channels: those that a normalisation or an operator without
    /// a rule holds. Channels that come straight from the model's input stay whole.
    /// </summary>
    private static bool CouldSelect(Relations relations, LinearLayer layer)
    {
        var input = relations.Axes(layer.Input)[layer.InputChannelAxis];
        var weight = relations.Axes(layer.Weight)[layer.InputAxis];
        return layer.Map is { Kind: LinearKind.Convolution or LinearKind.Product, Groups: 1 }
            && input is not null && weight is not null && input.Length >= FewestSelectable && input.Length == weight.Length
            && !relations.IsLive(input) && relations.Graph.Uses(layer.Weight).Count == 1 && !relations.Graph.IsInput(layer.Weight);
    }

    private static void PinOutputs(Relations relations)
    {
        foreach (var output in relations.Graph.Outputs)
        {
            relations.Pin(relations.Axes(output.Name), DiagnosticCodes.ReachesOutput, output.Name, $"they are the model's output '{output.Name}'");
        }
    }

    /// <summary>One weight cannot take the different mixings of two consumers, unless all that read it are one and the same map.</summary>
    private static void PinSharedWeights(Relations relations)
    {
        foreach (var shared in relations.Layers.GroupBy(l => l.Weight).Where(g => relations.Graph.Uses(g.Key).Count > 1 && !IsOneMap(g, relations.Graph)))
        {
            var users = string.Join("' and '", relations.Graph.Uses(shared.Key).Select(u => u.Node.Name));
            relations.Pin(relations.Axes(shared.Key), DiagnosticCodes.WeightShared, shared.First().Node.Name, $"the weight '{shared.Key}' is shared by '{users}'");
        }
    }

    /// <summary>Whether a weight is read by one layer that is run several times (siamese networks, networks that share weights between blocks).</summary>
    private static bool IsOneMap(IEnumerable<LinearLayer> layers, ModelGraph graph)
    {
        LinearLayer[] all = [.. layers];
        var first = all[0];
        return first.Map.Kind != LinearKind.Recurrent && all.Length == graph.Uses(first.Weight).Count && Array.TrueForAll(all, l => l.Map.IsLike(first.Map));
    }

    private static void PinUnselected(Relations relations, Func<string, bool> isSelected)
    {
        foreach (var layer in relations.Layers.Where(l => !isSelected(l.Node.Name)))
        {
            relations.Pin(relations.Axes(layer.Weight)[layer.OutputAxis], DiagnosticCodes.NotSelected, layer.Node, $"'{layer.Node.Name}' is not selected by --include and --exclude");
        }
    }

    private static CostModel CostOf(OnnxModel model, Relations relations, ILookup<string, IndexAxis> branchesOf)
    {
        var constants = new List<ConstantSize>();
        foreach (var (name, constant) in ParameterCount.FloatingPointConstants(model))
        {
            var live = relations.Axes(name).OfType<IndexAxis>().Where(relations.IsLive).ToArray();
            var held = live.Aggregate(1L, (product, axis) => product * axis.Length);
            // What all that read it go with, goes with them.
            var uses = relations.Graph.Uses(name).Select(u => branchesOf[u.Node.Name]).ToArray();
            var common = uses.Length == 0 ? [] : uses.Skip(1).Aggregate(uses[0], (all, next) => all.Intersect(next));
            constants.Add(new ConstantSize(name, held == 0 ? 0 : constant.Count / held, model.StoredSize(constant), [.. live, .. common]));
        }

        // What lies in branches and functions, and what is quantised or sparse, stays as it is.
        var others = ParameterCount.Of(model) - constants.Sum(c => c.Axes.Aggregate(c.Fixed, (n, axis) => n * axis.Length));
        constants.Add(new ConstantSize("", others, 0, []));
        return new CostModel(relations.Elements, constants, [.. relations.Macs.Select(m => m with { Axes = [.. m.Axes, .. branchesOf[m.Node]] })], relations.Shapes.Samples);
    }
}
