using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>Shapes that inputs with dynamic axes may have; axes of one name have one size, and so have axes of one kind.</summary>
internal sealed class AssumedSizes
{
    private readonly IReadOnlyList<InputFeed> _open;
    private readonly Dictionary<(string Input, int Axis), Slot> _slots = [];
    private readonly Dictionary<string, Slot> _named = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _given;
    private readonly SizeDials _dials;

    /// <summary>Looks at the inputs.</summary>
    /// <param name="model">The model.</param>
    /// <param name="plan">How it is fed.</param>
    /// <param name="open">The inputs that shapes are needed for; all have a rank.</param>
    /// <param name="given">Shapes of other inputs, from the user.</param>
    public AssumedSizes(OnnxModel model, FeedPlan plan, IReadOnlyList<InputFeed> open, IReadOnlyDictionary<string, IReadOnlyList<long>> given)
    {
        (_open, _given) = (open, MadeUpShapes.Names(plan, given));
        var kinds = new AxisKinds(model.Inputs);
        foreach (var (input, axis) in Dynamic(open))
        {
            var hints = AxisHints.Of(input, axis, model.Graph);
            var slot = new Slot(hints.Count > 0 ? AxisKind.Weighed : kinds.Of(input, axis), hints);
            _slots.Add((input.Name, axis), slot);
            Note(slot, input.Dims![axis].Symbol);
        }

        var known = new Dictionary<AxisKind, long>();
        foreach (var (input, axis) in Dynamic(plan.Inputs.Where(feed => given.ContainsKey(feed.Input.Name) && feed.Input.Dims is not null)))
        {
            known.TryAdd(kinds.Of(input, axis), given[input.Name][axis]);
        }

        _dials = new(_slots.Values.Select(slot => slot.Kind).Concat(_named.Values.Select(slot => slot.Kind)).ToHashSet(), known);
    }

    /// <summary>Full shapes of the inputs in question, by name; the likeliest first.</summary>
    public IEnumerable<IReadOnlyDictionary<string, IReadOnlyList<long>>> Shapes() => _dials.Settings().Select(Shapes);

    private Dictionary<string, IReadOnlyList<long>> Shapes(IReadOnlyDictionary<AxisKind, long> sizes)
    {
        var names = new Dictionary<string, long>(_given, StringComparer.Ordinal);
        foreach (var (name, slot) in _named)
        {
            names.TryAdd(name, slot.Size(sizes));
        }

        return _open.ToDictionary(
            feed => feed.Input.Name,
            feed => (IReadOnlyList<long>)
            [
                .. feed.Input.Dims!.Select((dim, axis) => dim.Value
                    ?? (axis == feed.BatchAxis ? 1 : MadeUpShapes.Size(dim.Symbol, names) ?? _slots[(feed.Input.Name, axis)].Size(sizes))),
            ],
            StringComparer.Ordinal);
    }

    private static IEnumerable<(TensorInfo Input, int Axis)> Dynamic(IEnumerable<InputFeed> feeds) => feeds.SelectMany(feed =>
        feed.Input.Dims!.Index().Where(dim => dim.Index != feed.BatchAxis && dim.Item.Value is null).Select(dim => (feed.Input, dim.Index)));

    /// <summary>The first axis with a name says what it counts, unless another has a weight beside it.</summary>
    private void Note(Slot slot, string? symbol)
    {
        foreach (var term in (symbol?.Split('+', StringSplitOptions.TrimEntries) ?? []).Where(term => !term.All(char.IsAsciiDigit)))
        {
            var own = term == symbol ? slot : new Slot(InputNeeds.IsPast(term) ? AxisKind.Past : AxisKind.Length, []);
            if (!_named.TryAdd(term, own) && own.Hints.Count > 0 && _named[term].Hints.Count == 0)
            {
                _named[term] = own;
            }
        }
    }

    /// <summary>What is known of one axis.</summary>
    /// <param name="Kind">What it counts.</param>
    /// <param name="Hints">Sizes that a weight beside it says, the likeliest first.</param>
    private sealed record Slot(AxisKind Kind, IReadOnlyList<long> Hints)
    {
        /// <summary>Its size at one setting.</summary>
        public long Size(IReadOnlyDictionary<AxisKind, long> sizes) =>
            Hints.Count == 0 ? sizes[Kind] : Hints[(int)Math.Min(sizes[Kind], Hints.Count - 1)];
    }
}
