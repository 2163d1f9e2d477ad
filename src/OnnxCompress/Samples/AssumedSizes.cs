using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>Shapes that inputs with dynamic axes may have; axes of one name have one size, and so have axes of one kind.</summary>
internal sealed class AssumedSizes
{
    private readonly IReadOnlyList<InputFeed> _open;
    private readonly Dictionary<(string Input, int Axis), Slot> _slots = [];
    private readonly Dictionary<string, AxisKind> _kinds = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _said;
    private readonly SizeDials _dials;

    /// <summary>Looks at the inputs.</summary>
    /// <param name="model">The model.</param>
    /// <param name="plan">How it is fed.</param>
    /// <param name="open">The inputs that shapes are needed for; all have a rank.</param>
    /// <param name="given">Shapes of other inputs, from the user.</param>
    public AssumedSizes(OnnxModel model, FeedPlan plan, IReadOnlyList<InputFeed> open, IReadOnlyDictionary<string, IReadOnlyList<long>> given)
    {
        (_open, _said) = (open, MadeUpShapes.Names(plan, given));
        foreach (var (input, axis) in Dynamic(open))
        {
            var slot = new Slot(AxisKinds.Of(input, axis, model.Inputs), AxisHints.Of(input, axis, model.Graph));
            _slots.Add((input.Name, axis), slot);
            Note(slot, input.Dims![axis].Symbol);
        }

        var known = new Dictionary<AxisKind, long>();
        foreach (var (input, axis) in Dynamic(plan.Inputs.Where(feed => given.ContainsKey(feed.Input.Name) && feed.Input.Dims is not null)))
        {
            known.TryAdd(AxisKinds.Of(input, axis, model.Inputs), given[input.Name][axis]);
        }

        _dials = new(_slots.Values.Select(slot => slot.Kind).Concat(_kinds.Values).ToHashSet(), known);
    }

    /// <summary>Full shapes of the inputs in question, by name; the likeliest first.</summary>
    public IEnumerable<IReadOnlyDictionary<string, IReadOnlyList<long>>> Shapes() => _dials.Settings().Select(Shapes);

    private Dictionary<string, IReadOnlyList<long>> Shapes(IReadOnlyDictionary<AxisKind, long> sizes)
    {
        var names = new Dictionary<string, long>(_said, StringComparer.Ordinal);
        foreach (var (name, kind) in _kinds)
        {
            names.TryAdd(name, sizes[kind]);
        }

        return _open.ToDictionary(
            feed => feed.Input.Name,
            feed => (IReadOnlyList<long>)[.. feed.Input.Dims!.Select((dim, axis) => dim.Value ?? (axis == feed.BatchAxis ? 1 : Size(_slots[(feed.Input.Name, axis)], dim.Symbol, names, sizes)))],
            StringComparer.Ordinal);
    }

    private static IEnumerable<(TensorInfo Input, int Axis)> Dynamic(IEnumerable<InputFeed> feeds) => feeds.SelectMany(feed =>
        feed.Input.Dims!.Index().Where(dim => dim.Index != feed.BatchAxis && dim.Item.Value is null).Select(dim => (feed.Input, dim.Index)));

    /// <summary>The first axis with a name says what it counts, unless a weight says how large it is.</summary>
    private void Note(Slot slot, string? symbol)
    {
        foreach (var term in (symbol?.Split('+', StringSplitOptions.TrimEntries) ?? []).Where(term => !term.All(char.IsAsciiDigit)))
        {
            _kinds.TryAdd(term, term == symbol ? slot.Kind : InputNeeds.IsPast(term) ? AxisKind.Past : AxisKind.Length);
        }

        if (symbol is not null && slot.Hint is { } size)
        {
            _said.TryAdd(symbol, size);
        }
    }

    private static long Size(Slot slot, string? symbol, Dictionary<string, long> names, IReadOnlyDictionary<AxisKind, long> sizes) =>
        slot.Hint ?? MadeUpShapes.Size(symbol, names) ?? sizes[slot.Kind];

    /// <summary>What is known of one axis.</summary>
    /// <param name="Kind">What it counts.</param>
    /// <param name="Hint">The size that a weight fixes; null for none.</param>
    private readonly record struct Slot(AxisKind Kind, long? Hint);
}
