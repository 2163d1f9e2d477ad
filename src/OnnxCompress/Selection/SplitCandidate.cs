using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Timing;

namespace OnnxCompress.Selection;

/// <summary>A layer with the splits it offers. What they cost depends on the channels that stay on both of its sides.</summary>
/// <param name="layer">The layer.</param>
/// <param name="options">Splits of the whole layer.</param>
/// <param name="analysis">Analysis of its model.</param>
/// <param name="bytesPerElement">Bytes of one weight, as it is stored.</param>
/// <param name="lacksBias">Whether a form that puts the outputs' mean into the bias must first make one.</param>
internal sealed class SplitCandidate(LinearLayer layer, IReadOnlyList<SplitOption> options, ModelAnalysis analysis, double bytesPerElement, bool lacksBias)
{
    private readonly Dictionary<(int Inputs, int Outputs), SplitOption[]> _paying = [];
    private readonly TimedNode? _whole = TimedChains.Of(layer.Map, analysis.Relations.Shapes);

    /// <summary>The layer.</summary>
    public LinearLayer Layer => layer;

    /// <summary>All splits of the whole layer.</summary>
    public IReadOnlyList<SplitOption> Options => options;

    /// <summary>The same layer with columns and rows only, where its kernel has any; else with all that it offers.</summary>
    public SplitCandidate SpatialFirst() => options.Any(IsSpatial) && !options.All(IsSpatial)
        ? new SplitCandidate(layer, [.. options.Where(IsSpatial)], analysis, bytesPerElement, lacksBias) { Spectra = Spectra, LeavesOutSlower = LeavesOutSlower }
        : this;

    /// <summary>The same layer with errors that count more or less than those of others.</summary>
    public SplitCandidate Weighted(double weight) => weight == 1 ? this
        : new SplitCandidate(layer, options, analysis, bytesPerElement, lacksBias) { Spectra = Spectra, LeavesOutSlower = LeavesOutSlower, Weight = weight };

    /// <summary>The same layer with weights of other numbers, which take other bytes.</summary>
    /// <param name="bytes">Bytes of one weight.</param>
    public SplitCandidate Storing(double bytes) => new(layer, options, analysis, bytes, lacksBias) { Spectra = Spectra, LeavesOutSlower = LeavesOutSlower, Weight = Weight };

    /// <summary>The same layer with its slow splits too: for budgets that are not met without them.</summary>
    public SplitCandidate WithSlower() => LeavesOutSlower
        ? new SplitCandidate(layer, options, analysis, bytesPerElement, lacksBias) { Spectra = Spectra, Weight = Weight }
        : this;

    /// <summary>Whether splits that take as long as the layer, by the table for this CPU, are none.</summary>
    public bool LeavesOutSlower { get; init; }

    private double Weight { get; init; } = 1;

    /// <summary>What a split counts as among the errors of all sites.</summary>
    public double LevelOf(SplitOption? option) => Weight * (option?.Error ?? 0);

    /// <summary>Spectra of channel groups, for the search of ALDS; null for other forms.</summary>
    public AldsSpectra? Spectra { get; init; }

    /// <summary>Size of the whole layer.</summary>
    public LayerSize WholeSize { get; } = SplitSites.SizeOf(layer, analysis, analysis.Cost.Whole);

    /// <summary>Bytes of one weight, as it is stored.</summary>
    public double BytesPerElement => bytesPerElement;

    /// <summary>Size of the layer when some channels stay.</summary>
    public LayerSize SizeWhen(Remaining remaining) => SplitSites.SizeOf(layer, analysis, remaining);

    /// <summary>Roots of the elements on both sides of the layer.</summary>
    public IEnumerable<int> Roots() =>
        SplitSites.InputsOf(layer, analysis).Ids.Concat(SplitSites.OutputsOf(layer, analysis).Ids)
            .Concat(analysis.BranchesOf[layer.Node.Name].SelectMany(b => b.Ids)).SelectMany(analysis.Cost.Owners);

    /// <summary>What a split costs more than what stays of the layer; negative where it saves.</summary>
    public (long Parameters, long Macs, long Bytes) Added(SplitShape shape, LayerSize remaining)
    {
        var split = SplitCost.Of(shape, remaining);
        var bias = lacksBias && shape.Form is (SplitForm.Response or SplitForm.Tucker) ? remaining.Outputs : 0;
        var parameters = split.Parameters + bias - remaining.DenseParameters;
        return (parameters, split.Macs - remaining.DenseMacs, (long)(parameters * BytesPerElement) + (split.Nodes * SplitCost.BytesPerNode));
    }

    /// <summary>Whether a split can be made of what remains, and pays there.</summary>
    public static bool Fits(SplitShape shape, LayerSize remaining) =>
        remaining.Outputs > 0
        && remaining.Inputs % shape.Groups == 0
        && shape.InnerRank <= remaining.Inputs
        && (shape.Groups == 1 || shape.Rank <= Math.Min(remaining.Outputs, remaining.Columns / shape.Groups))
        && SplitCost.Of(shape, remaining).Pays(remaining);

    /// <summary>
    /// The split that is worth its price: the least <c>error^3 + level^3 * price / unit</c>. The cube is a soft min-max: a
    /// layer of average price ends near the level, one whose split saves next to nothing is not made to pay for the others.
    /// </summary>
    /// <param name="remaining">Size of what remains of the layer.</param>
    /// <param name="level">Relative error that one unit is worth.</param>
    /// <param name="price">Price of a split, or of the whole layer for null; infinite for one that is out of the question.</param>
    /// <param name="unit">Price of an average layer.</param>
    /// <returns>Null leaves the layer whole.</returns>
    public SplitOption? Choose(LayerSize remaining, double level, Func<SplitShape?, double> price, double unit)
    {
        var worth = level * level * level / unit;
        SplitOption? best = null;
        var least = worth * price(null);
        foreach (var option in Paying(remaining))
        {
            var error = LevelOf(option);
            var value = (error * error * error) + (worth * price(option.Shape));
            if (value < least)
            {
                (best, least) = (option, value);
            }
        }

        return best;
    }

    /// <summary>The cheapest split of all; null when none is cheaper than the layer.</summary>
    public SplitOption? Smallest(LayerSize remaining, Func<SplitShape?, double> price) =>
        Paying(remaining).Where(o => price(o.Shape) < price(null)).MinBy(o => price(o.Shape));

    /// <summary>The cheapest split with a smaller error than the present one; null for the layer as it is, which has none.</summary>
    public SplitOption? Better(SplitOption present, LayerSize remaining, Func<SplitShape?, double> price) =>
        Paying(remaining).Where(o => o.Error < present.Error && double.IsFinite(price(o.Shape))).MinBy(o => price(o.Shape));

    private static bool IsSpatial(SplitOption option) => option.Shape.Form == SplitForm.Spatial;

    /// <summary>About how long what remains of the layer takes by the table for this CPU, split or whole; 0 where the table says nothing.</summary>
    public double TableTime(SplitShape? shape, LayerSize remaining)
    {
        // A table is looked up: that takes next to nothing, split or not.
        if (remaining.Outputs == 0 || _whole?.With(remaining.Inputs, remaining.Outputs) is not { Groups: 1 } whole || shape?.Groups > 1)
        {
            return 0;
        }

        return VectorTimes.Of(shape is null ? new TimedChain(whole) : TimedChains.Of(whole, shape), WidthTable.VectorWidth);
    }

    private bool IsSlower(SplitShape shape, LayerSize remaining) =>
        _whole?.With(remaining.Inputs, remaining.Outputs) is { } whole && !VectorTimes.IsFaster(whole, TimedChains.Of(whole, shape), WidthTable.VectorWidth);

    private SplitOption[] Paying(LayerSize remaining)
    {
        var key = (remaining.Inputs, remaining.Outputs);
        if (!_paying.TryGetValue(key, out var paying))
        {
            _paying[key] = paying = [.. options.Where(o => Fits(o.Shape, remaining) && !(LeavesOutSlower && IsSlower(o.Shape, remaining)))];
        }

        return paying;
    }
}
