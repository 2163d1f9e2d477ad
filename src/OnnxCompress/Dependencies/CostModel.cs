namespace OnnxCompress.Dependencies;

/// <summary>Parameters and multiply-accumulates as functions of the channels that stay.</summary>
internal sealed class CostModel
{
    private readonly IndexElements _elements;
    private readonly IReadOnlyList<ConstantSize> _constants;
    private readonly IReadOnlyList<MacTerm> _macs;
    private readonly int _samples;

    /// <param name="elements">Ties between indices.</param>
    /// <param name="constants">Sizes of constants.</param>
    /// <param name="macs">Multiply-accumulates of one run.</param>
    /// <param name="samples">Samples of one run.</param>
    internal CostModel(IndexElements elements, IReadOnlyList<ConstantSize> constants, IReadOnlyList<MacTerm> macs, int samples) =>
        (_elements, _constants, _macs, _samples) = (elements, constants, macs, samples);

    /// <summary>Elements of the floating-point constants.</summary>
    /// <param name="remaining">What stays.</param>
    public long Parameters(Remaining remaining) => _constants.Sum(c => c.Axes.Aggregate(c.Fixed, (n, axis) => n * remaining.Kept(axis)));

    /// <summary>Bytes of the floating-point constants.</summary>
    /// <param name="remaining">What stays.</param>
    public long Bytes(Remaining remaining) =>
        (long)_constants.Sum(c => c.Axes.Aggregate(c.Fixed * c.BytesPerElement, (n, axis) => n * remaining.Kept(axis)));

    /// <summary>The same model with other numbers: what it has is what it had, and takes other bytes.</summary>
    /// <param name="bytes">By constant, bytes of an element; others keep theirs.</param>
    public CostModel Storing(IReadOnlyDictionary<string, double> bytes) =>
        new(_elements, [.. _constants.Select(c => bytes.TryGetValue(c.Name, out var each) ? c with { BytesPerElement = each } : c)], _macs, _samples);

    /// <summary>Multiply-accumulates for one sample.</summary>
    /// <param name="remaining">What stays.</param>
    public long Macs(Remaining remaining) => MacSum(remaining) / _samples;

    /// <summary>Multiply-accumulates of one run: of parts they add up, where those of one sample are rounded.</summary>
    /// <param name="remaining">What stays.</param>
    public long MacSum(Remaining remaining) => _macs.Sum(m => m.Axes.Aggregate(m.Positions, (n, axis) => n * remaining.Kept(axis)));

    /// <summary>All of the model.</summary>
    public Remaining Whole => new(_elements, null);

    /// <summary>What stays when some channels do.</summary>
    /// <param name="isRootKept">Whether the root of an element stays.</param>
    public Remaining When(Func<int, bool> isRootKept) => new(_elements, isRootKept);

    /// <summary>Samples of one run.</summary>
    public int Samples => _samples;

    /// <summary>The elements that decide whether an index stays.</summary>
    public IEnumerable<int> Owners(int element) => _elements.Owners(element);

    /// <summary>For each of some disjoint sets of elements, all that costs something and depends on them.</summary>
    /// <param name="sets">Roots of the elements.</param>
    public CostModel[] Parts(IReadOnlyList<IReadOnlyList<int>> sets)
    {
        var setOf = sets.Index().SelectMany(s => s.Item.Select(root => (root, s.Index))).ToDictionary(p => p.root, p => p.Index);
        IEnumerable<int> SetsOf(IEnumerable<IndexAxis> axes) =>
            axes.SelectMany(a => a.Ids).SelectMany(_elements.Owners).Select(root => setOf.GetValueOrDefault(root, -1)).Where(s => s >= 0).Distinct();
        var constants = _constants.SelectMany(c => SetsOf(c.Axes).Select(s => (Set: s, Item: c))).ToLookup(p => p.Set, p => p.Item);
        var macs = _macs.SelectMany(m => SetsOf(m.Axes).Select(s => (Set: s, Item: m))).ToLookup(p => p.Set, p => p.Item);
        return [.. sets.Select((_, s) => new CostModel(_elements, [.. constants[s]], [.. macs[s]], _samples))];
    }
}
