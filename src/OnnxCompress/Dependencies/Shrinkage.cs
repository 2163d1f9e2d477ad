using OnnxCompress.Dependencies.Scores;
using OnnxCompress.Models;
using OnnxCompress.Numerics;

namespace OnnxCompress.Dependencies;

/// <summary>What stays of a model while its graph is rewritten, for rules that must adapt a node.</summary>
/// <param name="graph">The graph being rewritten.</param>
/// <param name="relations">Axes as they were.</param>
/// <param name="isRootKept">Whether an element's root stays; null when all do.</param>
internal sealed class Shrinkage(ModelGraph graph, Relations relations, Func<int, bool>? isRootKept) : Remaining(relations.Elements, isRootKept)
{
    /// <summary>The graph being rewritten.</summary>
    public ModelGraph Graph => graph;

    /// <summary>Shapes of the original.</summary>
    public TensorShapes Shapes => relations.Shapes;

    /// <summary>By the output of a layer that makes queries or keys, the basis that it was brought to before columns went.</summary>
    public IReadOnlyDictionary<string, LayerTurn> Turns { get; private set; } = new Dictionary<string, LayerTurn>(StringComparer.Ordinal);

    /// <summary>The products of those queries and keys.</summary>
    public IReadOnlyList<ScoreProduct> Products { get; private set; } = [];

    /// <summary>The same for a model of its own: fits bring its queries and keys to another basis.</summary>
    public Shrinkage Own() => new Shrinkage(graph, relations, IsRootKept) { StreamTurns = StreamTurns, Shifted = Shifted }.With(Turns, Products);

    /// <summary>With queries and keys that have been brought to another basis.</summary>
    /// <param name="turns">See <see cref="Turns"/>.</param>
    /// <param name="products">See <see cref="Products"/>.</param>
    public Shrinkage With(IReadOnlyDictionary<string, LayerTurn> turns, IReadOnlyList<ScoreProduct> products)
    {
        (Turns, Products) = (turns, products);
        return this;
    }

    /// <summary>Notes that a layer was brought to yet another basis.</summary>
    /// <param name="output">Its output.</param>
    /// <param name="more">What each head is multiplied with, beyond what it was; heads that went are left out.</param>
    public void Turn(string output, IReadOnlyList<HeadTurn> more) =>
        Turns = new Dictionary<string, LayerTurn>(Turns, StringComparer.Ordinal) { [output] = Turns[output].Then(more) };

    /// <summary>Version of the default operator set.</summary>
    public long Opset => relations.Opset;

    /// <summary>By the root of its first channel, what a residual stream was turned by, <c>channels x kept</c>: its indices are no longer those of the original.</summary>
    public Dictionary<int, Matrix<float>> StreamTurns { get; private init; } = [];

    /// <summary>By the name of what a product made, the name of that with a constant which it has taken up from a normalisation.</summary>
    public Dictionary<string, string> Shifted { get; private init; } = new(StringComparer.Ordinal);

    /// <summary>What the channels of an axis were turned by; null where they are those of the original.</summary>
    public Matrix<float>? TurnOf(IndexAxis? axis) => StreamTurns.Count > 0 && axis is { Length: > 0 } ? StreamTurns.GetValueOrDefault(relations.Elements.Root(axis.Ids[0])) : null;

    /// <summary>The old axes of a tensor; null where they cannot shrink.</summary>
    public IndexAxis?[] Axes(string tensor) => relations.KnownAxes(tensor);

    /// <summary>The size of an axis after the removal, for one sample.</summary>
    public int NewSize(string tensor, int axis) =>
        Axes(tensor) is { Length: > 0 } axes && axes[axis] is { } live ? Kept(live) : Shapes.Of(tensor)![axis];
}
