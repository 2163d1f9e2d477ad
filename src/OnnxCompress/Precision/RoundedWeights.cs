namespace OnnxCompress.Precision;

/// <summary>The weights that become whole numbers, and the steps of those whose rounding is done.</summary>
internal sealed class RoundedWeights
{
    private readonly Dictionary<string, WeightGrid> _grids = new(StringComparer.Ordinal);
    private readonly HashSet<string> _alone = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (WeightSteps Steps, double Error, double Own)> _done = new(StringComparer.Ordinal);

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

        // Nothing multiplies these in bytes: they have all eight bits.
        foreach (var map in places.BytesAlone)
        {
            wanted.Want(map.Weight, new WeightGrid(WeightGrid.Full));
            wanted._alone.Add(map.Weight);
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
    /// <param name="own">What of it the layer's own numbers add.</param>
    public void Note(string weight, WeightSteps steps, double error, double own) => _done[weight] = (steps, error, own);

    /// <summary>Whether a weight alone is in bytes: its layer reads and adds a bias in floating point, whatever step its input has.</summary>
    /// <param name="weight">Its name.</param>
    public bool IsAlone(string weight) => _alone.Contains(weight);

    /// <summary>The steps of a weight; null for one that was not rounded yet.</summary>
    public WeightSteps? StepsOf(string weight) => _done.TryGetValue(weight, out var done) ? done.Steps : null;

    /// <summary>The error of its layer; null where it is not known.</summary>
    public double? ErrorOf(string weight) => _done.TryGetValue(weight, out var done) && double.IsFinite(done.Error) ? done.Error : null;

    /// <summary>What of it the layer's own numbers add; null where it is not known.</summary>
    public double? OwnErrorOf(string weight) => _done.TryGetValue(weight, out var done) && double.IsFinite(done.Own) ? done.Own : null;
}
