namespace OnnxCompress.Precision;

/// <summary>The weights that become whole numbers, and the steps of those whose rounding is done.</summary>
internal sealed class RoundedWeights
{
    private readonly Dictionary<string, WeightGrid> _grids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (WeightSteps Steps, double Error)> _done = new(StringComparer.Ordinal);

    /// <summary>The weights of all layers of a graph that take whole numbers with the layers in front of them in mind, and of tables in blocks.</summary>
    /// <param name="places">The layers.</param>
    /// <param name="options">Their values.</param>
    public static RoundedWeights For(QuantisedPlaces places, QuantizerOptions options)
    {
        var wanted = new RoundedWeights();
        foreach (var map in places.Static.Concat(places.Dynamic))
        {
            wanted.Want(map.Weight, options.Grid);
        }

        foreach (var (map, bits) in places.Blocks.Select(m => (m, 4)).Concat(places.WideBlocks.Select(m => (m, 8))))
        {
            wanted.Want(map.Weight, WeightGrid.Blocks(bits, LayerChoice.Block(map.Inputs, options.Block)));
        }

        foreach (var map in places.BlockTables)
        {
            wanted.Want(map.Weight, WeightGrid.Blocks(bits: 4, LayerChoice.Block(map.Outputs, options.Block)));
        }

        return wanted;
    }

    /// <summary>Says which values a weight may have.</summary>
    /// <param name="weight">Its name.</param>
    /// <param name="grid">The values.</param>
    public void Want(string weight, WeightGrid grid) => _grids[weight] = grid;

    /// <summary>Whether a weight is one of them.</summary>
    public bool Wants(string weight) => _grids.ContainsKey(weight);

    /// <summary>The values that a weight has.</summary>
    public WeightGrid GridOf(string weight) => _grids[weight];

    /// <summary>Notes that a weight has values of its grid.</summary>
    /// <param name="weight">Its name.</param>
    /// <param name="steps">Its steps.</param>
    /// <param name="error">Relative error of the layer's output.</param>
    public void Note(string weight, WeightSteps steps, double error) => _done[weight] = (steps, error);

    /// <summary>The steps of a weight; null for one that was not rounded yet.</summary>
    public WeightSteps? StepsOf(string weight) => _done.TryGetValue(weight, out var done) ? done.Steps : null;

    /// <summary>The error of its layer; null where it is not known.</summary>
    public double? ErrorOf(string weight) => _done.TryGetValue(weight, out var done) && double.IsFinite(done.Error) ? done.Error : null;
}
