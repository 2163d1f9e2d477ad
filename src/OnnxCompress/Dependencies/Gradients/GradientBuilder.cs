using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Gradients;

/// <summary>Adds nodes to a graph and keeps account of the derivatives by its tensors.</summary>
/// <param name="graph">Where nodes go.</param>
/// <param name="shapes">Shapes of the tensors that were there.</param>
/// <param name="needed">Tensors that derivatives are passed on to.</param>
internal sealed class GradientBuilder(ModelGraph graph, TensorShapes shapes, HashSet<string> needed)
{
    private const string Prefix = "gradient";

    private readonly Dictionary<string, string> _totals = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unknown = new(StringComparer.Ordinal);
    private readonly Dictionary<float, string> _numbers = [];
    private int _count;

    /// <summary>The node that was added last.</summary>
    public GraphNode Last { get; private set; } = null!;

    /// <summary>Whether a derivative by this tensor leads on to one that is wanted.</summary>
    public bool IsNeeded(string tensor) => needed.Contains(tensor);

    /// <summary>Whether a part of the derivative by this tensor cannot be found.</summary>
    public bool IsUnknown(string tensor) => _unknown.Contains(tensor);

    /// <summary>Whether any output depends on this tensor, as far as is known.</summary>
    public bool HasGradient(string tensor) => _totals.ContainsKey(tensor);

    /// <summary>Whether all of the derivative by this tensor is there.</summary>
    public bool IsKnown(string tensor) => HasGradient(tensor) && !IsUnknown(tensor);

    /// <summary>The derivative by a tensor; null without any.</summary>
    public string? Total(string tensor) => _totals.GetValueOrDefault(tensor);

    /// <summary>The shape of a tensor that was there, for one sample.</summary>
    public int[]? ShapeOf(string tensor) => shapes.Of(tensor);

    /// <summary>A constant of the graph; null for anything else.</summary>
    public Initializer? Constant(string tensor) => graph.Constant(tensor);

    /// <summary>Says that what a node makes its outputs of has derivatives that cannot be found.</summary>
    public void Spoil(GraphNode node) => _unknown.UnionWith(node.Inputs.Concat(node.CapturedNames()).Where(IsNeeded));

    /// <summary>Adds to the derivative by a tensor.</summary>
    public void Add(string tensor, string gradient) =>
        _totals[tensor] = _totals.TryGetValue(tensor, out var others) ? Op("Add", others, gradient) : gradient;

    /// <summary>Adds to the derivative by an operand what has the shape of another tensor: sums over the axes that the operand is repeated along.</summary>
    /// <param name="operand">The operand; null, or one that nothing wanted depends on, is passed over.</param>
    /// <param name="like">A tensor of the gradient's shape.</param>
    /// <param name="gradient">Makes it.</param>
    public void Give(string? operand, string like, Func<string> gradient)
    {
        if (operand is null || !IsNeeded(operand))
        {
            return;
        }

        if (shapes.Of(operand) is not { } own || shapes.Of(like) is not { } whole)
        {
            _unknown.Add(operand);
            return;
        }

        var added = gradient();
        var lead = whole.Length - own.Length;
        int[] axes = [.. Enumerable.Range(0, whole.Length).Where(axis => axis < lead || IsRepeated(operand, axis - lead, like, axis))];
        if (axes.Length > 0)
        {
            added = Op("Reshape", Sum(added, keep: true, axes), Op("Shape", operand));
        }

        Add(operand, added);
    }

    /// <summary>Adds to the derivative by an operand what has its shape.</summary>
    public void Give(string? operand, Func<string> gradient)
    {
        if (operand is not null)
        {
            Give(operand, operand, gradient);
        }
    }

    /// <summary>Adds a node with one output.</summary>
    public string Op(string type, params ReadOnlySpan<string> inputs)
    {
        var output = graph.UniqueName($"{Prefix}_{_count++}_{type}");
        Last = graph.AddNode(type, output, [.. inputs], [output]);
        return output;
    }

    /// <summary>The sum over some axes.</summary>
    public string Sum(string tensor, bool keep, params ReadOnlySpan<int> axes)
    {
        var output = Op("ReduceSum", tensor, Integers([.. axes.ToArray().Select(a => (long)a)]));
        Last.SetInt("keepdims", keep ? 1 : 0);
        return output;
    }

    /// <summary>The mean over the last axis, which stays with one element.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="width">Size of that axis.</param>
    public string MeanOfLast(string tensor, int width) => Op("Mul", Sum(tensor, keep: true, -1), Number(1f / width));

    /// <summary>A tensor with two axes exchanged.</summary>
    public string Transpose(string tensor, IEnumerable<int> order)
    {
        var output = Op("Transpose", tensor);
        Last.SetInts("perm", order.Select(axis => (long)axis));
        return output;
    }

    /// <summary>A tensor whose last two axes are exchanged.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="rank">Its axes.</param>
    public string TransposeLast(string tensor, int rank) => Transpose(tensor, [.. Enumerable.Range(0, rank - 2), rank - 1, rank - 2]);

    /// <summary>A constant number.</summary>
    public string Number(float value)
    {
        if (!_numbers.TryGetValue(value, out var name))
        {
            _numbers[value] = name = graph.UniqueName($"{Prefix}_number");
            graph.AddInitializer(name, ElementType.Float, []).Write([], [value]);
        }

        return name;
    }

    /// <summary>A constant matrix.</summary>
    public string Matrix(float[] values, int rows, int columns)
    {
        var name = graph.UniqueName($"{Prefix}_matrix");
        graph.AddInitializer(name, ElementType.Float, [rows, columns]).Write([rows, columns], values);
        return name;
    }

    /// <summary>Constant integers.</summary>
    public string Integers(params ReadOnlySpan<long> values) => graph.AddIntegers($"{Prefix}_axes", values);

    /// <summary>A constant integer without axes.</summary>
    public string Integer(long value) => Op("Squeeze", Integers(value));

    private bool IsRepeated(string operand, int axis, string like, int other) =>
        shapes.Of(operand)![axis] == 1 && (shapes.Of(like)![other] != 1 || (shapes.IsDynamic(like, other) && !shapes.IsDynamic(operand, axis)));
}
