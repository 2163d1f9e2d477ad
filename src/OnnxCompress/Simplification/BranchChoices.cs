using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Simplification;

/// <summary>
/// Finds out which branches of If nodes samples take: runs what the conditions are made from, and nothing else. Where they depend on
/// no value that differs between samples, one sample of each shape is enough.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="runtime">Where it runs.</param>
/// <param name="samples">The samples.</param>
/// <param name="batchSize">Samples that later runs hold: a condition may count them.</param>
internal sealed class BranchChoices(OnnxModel model, IModelRuntime runtime, ISampleSource samples, int batchSize)
{
    /// <summary>Operators that look at sizes and not at values.</summary>
    private static readonly HashSet<string> Sizes = ["Shape", "Size"];

    /// <summary>Operators that give something else each time they run.</summary>
    private static readonly HashSet<string> Random = ["RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial", "Bernoulli"];

    private readonly ModelGraph _graph = model.Graph;

    /// <summary>For each node the conditions that occurred.</summary>
    /// <param name="nodes">If nodes of the main graph.</param>
    /// <param name="cancellation">Stops between runs.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX1007, OCX3003: conditions cannot be run.</exception>
    public IReadOnlyDictionary<GraphNode, ConditionsMet> Of(IReadOnlyCollection<GraphNode> nodes, CancellationToken cancellation)
    {
        var met = nodes.Select(n => n.Inputs[0]).Distinct(StringComparer.Ordinal).ToDictionary(name => name, _ => new ConditionsMet(), StringComparer.Ordinal);
        foreach (var (name, conditions) in met)
        {
            if (_graph.Constant(name) is { } constant)
            {
                conditions.Note(constant.ReadBytes()[0] != 0, isAlone: true);
            }
        }

        foreach (var name in Settled([.. met.Keys]))
        {
            met[name].IsSettled = true;
        }

        string[] open = [.. met.Where(m => !m.Value.IsAny).Select(m => m.Key)];
        if (open.Length > 0)
        {
            Run(open, met, cancellation);
        }

        return nodes.ToDictionary(n => n, n => met[n.Inputs[0]]);
    }

    /// <summary>All nodes that tensors are made from, in an order in which they can run.</summary>
    public static GraphNode[] Makers(ModelGraph graph, IEnumerable<string> tensors)
    {
        var (needed, waiting) = (new HashSet<GraphNode>(), new Stack<string>(tensors));
        while (waiting.TryPop(out var name))
        {
            if (graph.Producer(name) is { } maker && needed.Add(maker))
            {
                foreach (var read in maker.Inputs.Concat(maker.CapturedNames()))
                {
                    waiting.Push(read);
                }
            }
        }

        return [.. graph.Nodes.Where(needed.Contains)];
    }

    private void Run(string[] conditions, Dictionary<string, ConditionsMet> met, CancellationToken cancellation)
    {
        var makers = Makers(_graph, conditions);
        var read = makers.SelectMany(n => n.Inputs.Concat(n.CapturedNames())).Concat(conditions).ToHashSet(StringComparer.Ordinal);
        TensorInfo[] inputs = [.. model.Inputs.Where(i => read.Contains(i.Name))];
        string[] made = [.. conditions.Where(c => _graph.Producer(c) is not null)];
        using var session = made.Length == 0 ? null : runtime.Open(model.Extract(makers, inputs, made), SessionSettings.AsItStands);
        foreach (var (batch, isAlone) in Batches(DependOnSamples(conditions, makers)))
        {
            cancellation.ThrowIfCancellationRequested();
            HostTensor[] fed = [.. samples.Read(batch).Where(t => read.Contains(t.Name))];
            foreach (var given in fed.Where(t => met.ContainsKey(t.Name)))
            {
                met[given.Name].Note(((bool[])given.Values)[0], isAlone);
            }

            using var result = session?.Run(fed, made, cancellation);
            for (var i = 0; i < made.Length; i++)
            {
                met[made[i]].Note(result!.Values<bool>(i)[0], isAlone);
            }
        }
    }

    /// <summary>Each sample by itself, and all of them as later runs hold them.</summary>
    private IEnumerable<(int[] Indices, bool IsAlone)> Batches(bool isEverySample)
    {
        int[] chosen = [.. Enumerable.Range(0, samples.Count).GroupBy(samples.ShapeGroup).SelectMany(g => isEverySample ? g : g.Take(batchSize))];
        var alone = isEverySample ? chosen : [.. chosen.DistinctBy(samples.ShapeGroup)];
        return SampleBatches.Of(samples, model.Inputs, 1, alone).Select(b => (b.Indices, true))
            .Concat(SampleBatches.Of(samples, model.Inputs, batchSize, chosen).Select(b => (b.Indices, false)));
    }

    /// <summary>Conditions that the file decides: made of constants, and of sizes that it declares for its inputs.</summary>
    private IEnumerable<string> Settled(string[] conditions)
    {
        var settled = _graph.Initializers.Keys.Where(name => !_graph.IsInput(name)).ToHashSet(StringComparer.Ordinal);
        var sizes = new Dictionary<string, IReadOnlyList<Dimension>>(StringComparer.Ordinal);
        var inputs = model.Inputs.Where(i => i.Dims is not null).ToDictionary(i => i.Name, i => i.Dims!, StringComparer.Ordinal);
        foreach (var node in Makers(_graph, conditions).Where(n => n.Domain.Length == 0 && !n.HasSubgraph && !Random.Contains(n.OpType)))
        {
            if (node.OpType == "Shape" && node.Int("start", 0) == 0 && !node.Has("end") && inputs.TryGetValue(node.Inputs[0], out var dims))
            {
                sizes[node.Outputs[0]] = dims;
            }

            if (node.Inputs.All(i => i.Length == 0 || settled.Contains(i) || (sizes.TryGetValue(i, out var all) && all.All(d => d.Value is not null))) || ReadsDeclared(node, sizes))
            {
                settled.UnionWith(node.Outputs);
            }
        }

        return conditions.Where(settled.Contains);
    }

    /// <summary>Whether a node picks sizes of an input that are declared.</summary>
    private bool ReadsDeclared(GraphNode node, Dictionary<string, IReadOnlyList<Dimension>> sizes) =>
        node.OpType == "Gather" && sizes.TryGetValue(node.Inputs[0], out var dims) && _graph.Constant(node.Inputs[1]) is { Count: > 0, Type: ElementType.Int64 or ElementType.Int32 } picked
        && picked.ReadIntegers().All(i => i >= -dims.Count && i < dims.Count && dims[(int)(i < 0 ? i + dims.Count : i)].Value is not null);

    private bool DependOnSamples(string[] conditions, GraphNode[] makers)
    {
        var plan = FeedPlan.Of(model.Inputs);
        var differing = plan.Inputs.Where(feed => feed.BatchAxis is not null).Select(feed => feed.Input.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var node in makers.Where(n => !Sizes.Contains(n.OpType) && n.Inputs.Concat(n.CapturedNames()).Any(differing.Contains)))
        {
            differing.UnionWith(node.Outputs);
        }

        return conditions.Any(differing.Contains);
    }
}
