using OnnxCompress.Dependencies.Scores;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies;

/// <summary>
/// The axes of every tensor while the graph is walked: where rules look axes up, tie them, pin them and set those of
/// their outputs. An axis that is null comes from the model's inputs (batch, positions, image rows): it never shrinks.
/// </summary>
internal sealed class Relations(ModelGraph graph, TensorShapes shapes, long opset, IReadOnlySet<string> selecting)
{
    private readonly Dictionary<string, IndexAxis?[]> _axes = new(StringComparer.Ordinal);
    private readonly List<LinearLayer> _layers = [];
    private readonly List<MacTerm> _macs = [];
    private readonly List<ScoreProduct> _scores = [];

    /// <summary>The graph that is walked.</summary>
    public ModelGraph Graph => graph;

    /// <summary>Version of the default operator set.</summary>
    public long Opset => opset;

    /// <summary>Observed shapes.</summary>
    public TensorShapes Shapes => shapes;

    /// <summary>Branches that lie in the graph.</summary>
    public LiftedBranches Branches { get; init; } = new();

    /// <summary>Names of nodes of normalisations that pass the channels they mix, since the whole stream of them is turned.</summary>
    public IReadOnlySet<string> Passing { get; init; } = new HashSet<string>();

    /// <summary>All elements and their ties.</summary>
    public IndexElements Elements { get; } = new();

    /// <summary>Linear layers found so far.</summary>
    public IReadOnlyList<LinearLayer> Layers => _layers;

    /// <summary>Multiply-accumulates found so far.</summary>
    public IReadOnlyList<MacTerm> Macs => _macs;

    /// <summary>Products of queries and keys found so far, whose columns may go.</summary>
    public IReadOnlyList<ScoreProduct> Scores => _scores;

    /// <summary>Every tensor whose axes are known, with those.</summary>
    public IEnumerable<KeyValuePair<string, IndexAxis?[]>> All => _axes;

    /// <summary>Constants whose axes were looked up, with those axes.</summary>
    public IEnumerable<KeyValuePair<string, IndexAxis?[]>> Constants => _axes.Where(entry => graph.Constant(entry.Key) is not null);

    /// <summary>Every axis that some tensor has, each once however many tensors share it.</summary>
    public IEnumerable<IndexAxis> DistinctAxes => _axes.Values.SelectMany(axes => axes).OfType<IndexAxis>().Distinct();

    /// <summary>
    /// Relates the channels that a linear layer reads with its weight's input axis, unless the layer selects its input:
    /// then its weight's input axis stands alone.
    /// </summary>
    public void Contract(IndexAxis? channels, IndexAxis? weight, GraphNode node)
    {
        if (!selecting.Contains(node.Name))
        {
            Unify(channels, weight, node);
        }
    }

    /// <summary>Axes of a tensor. A constant gets an axis of new elements for each of its own the first time.</summary>
    public IndexAxis?[] Axes(string tensor)
    {
        if (_axes.TryGetValue(tensor, out var axes))
        {
            return axes;
        }

        if (graph.Constant(tensor) is { } constant)
        {
            axes = [.. constant.Dims.Select(d => (IndexAxis?)Elements.NewAxis(checked((int)d)))];
            if (graph.IsInput(tensor))
            {
                // A caller may feed another value, of the declared shape.
                Pin(axes, DiagnosticCodes.WeightReplaceable, tensor, $"'{tensor}' is a constant that a caller may replace, since it is listed as an input");
            }
        }
        else
        {
            axes = new IndexAxis?[shapes.Of(tensor)?.Length ?? 0];
        }

        return _axes[tensor] = axes;
    }

    /// <summary>Axes of a tensor that is already known, for reading afterwards.</summary>
    public IndexAxis?[] KnownAxes(string tensor) => _axes.TryGetValue(tensor, out var axes) ? axes : [];

    /// <summary>Observed or declared shape.</summary>
    public int[]? Shape(string tensor) =>
        graph.Constant(tensor) is { } constant ? [.. constant.Dims.Select(d => checked((int)d))] : shapes.Of(tensor);

    /// <summary>Sets the axes of an output.</summary>
    public void Set(string tensor, params IndexAxis?[] axes)
    {
        if (tensor.Length > 0)
        {
            _axes[tensor] = axes;
        }
    }

    /// <summary>
    /// Says that two axes run over the same indices. One that comes from the model's input holds the other.
    /// </summary>
    /// <returns>The axis that both are now; null when it cannot shrink.</returns>
    public IndexAxis? Unify(IndexAxis? a, IndexAxis? b, GraphNode node)
    {
        if (a is null || b is null)
        {
            Pin([a, b], DiagnosticCodes.TiedToInput, node.Name, $"'{node.Name}' ({node.OpType}) combines them with an axis of the model's input");
            return null;
        }

        if (a.Length != b.Length)
        {
            // The runtime does not check every operand, a bias that is too short for instance.
            Pin([a, b], DiagnosticCodes.ShapeUnknown, node.Name, $"'{node.Name}' ({node.OpType}) lets axes of {a.Length} and of {b.Length} meet");
            return null;
        }

        for (var i = 0; i < a.Length; i++)
        {
            Elements.Tie(a.Ids[i], b.Ids[i]);
        }

        return a;
    }

    /// <summary>Whether some index of the axis may still go.</summary>
    public bool IsLive(IndexAxis? axis) => axis is not null && axis.Ids.Any(id => Elements.PinOf(id) is null);

    /// <summary>Says that every index of the axes must stay.</summary>
    public void Pin(IEnumerable<IndexAxis?> axes, string code, string node, string sentence)
    {
        var reason = new PinReason(code, node, sentence);
        foreach (var id in axes.Where(a => a is not null).SelectMany(a => a!.Ids))
        {
            Elements.Pin(id, reason);
        }
    }

    /// <summary>Pins one axis, if it can shrink at all.</summary>
    public void Pin(IndexAxis? axis, string code, GraphNode node, string sentence) => Pin([axis], code, node.Name, sentence);

    /// <summary>
    /// Holds an axis of one index that a node repeats along a longer axis, or that it drops: the index may belong to a
    /// longer axis elsewhere (a slice of it), and without it there would be nothing to repeat.
    /// </summary>
    public void PinSingle(IndexAxis? axis, GraphNode node) =>
        Pin(axis, DiagnosticCodes.OperatorNotMapped, node, $"'{node.Name}' ({node.OpType}) needs the one that it reads");

    /// <summary>Gives up on a node: what enters it must stay, and what leaves it stays for the same reason.</summary>
    public void Opaque(GraphNode node, string code, string sentence, params ReadOnlySpan<string> exceptInputs)
    {
        foreach (var input in node.Inputs.Concat(node.CapturedNames()))
        {
            if (input.Length > 0 && !exceptInputs.Contains(input))
            {
                Pin(Axes(input), code, node.Name, sentence);
            }
        }

        foreach (var output in node.Outputs)
        {
            IndexAxis?[] axes = [.. (shapes.Of(output) ?? []).Select(Elements.NewAxis)];
            Pin(axes, code, node.Name, sentence);
            Set(output, axes);
        }
    }

    /// <summary>Notes a linear layer.</summary>
    public void Add(LinearLayer layer) => _layers.Add(layer with { SelectsInput = selecting.Contains(layer.Node.Name) });

    /// <summary>Notes a product of queries and keys.</summary>
    public void Add(ScoreProduct product) => _scores.Add(product);

    /// <summary>Notes multiply-accumulates.</summary>
    public void Add(MacTerm term) => _macs.Add(term);
}
