using OnnxCompress.Dependencies;
using OnnxCompress.Models;

namespace OnnxCompress.Precision;

/// <summary>Which layers of a graph take 8 bits in which form, and which tensors between them.</summary>
/// <param name="Static">Layers whose input is a tensor of <paramref name="Tensors"/>.</param>
/// <param name="Dynamic">Matrix products that find the range of their input while they run.</param>
/// <param name="Tables">Tables whose rows are looked up.</param>
/// <param name="Tensors">Tensors that are stored in bytes, in an order in which they are made.</param>
/// <param name="Roots">Of a tensor that holds values of another one, that other: both have one scale.</param>
/// <param name="Left">Layers that stay as they are, and why.</param>
internal sealed record QuantisedPlaces(
    IReadOnlyList<LinearMap> Static,
    IReadOnlyList<LinearMap> Dynamic,
    IReadOnlyList<LinearMap> Tables,
    IReadOnlyList<string> Tensors,
    IReadOnlyDictionary<string, string> Roots,
    IReadOnlyList<LayerPrecision> Left)
{
    /// <summary>Layers whose weights alone are in bytes, and that multiply in floating point.</summary>
    public IReadOnlyList<LinearMap> BytesAlone { get; init; } = [];

    /// <summary>Matrix products whose weights alone are in blocks, of 4 bits.</summary>
    public IReadOnlyList<LinearMap> Blocks { get; init; } = [];

    /// <summary>The same of 8 bits.</summary>
    public IReadOnlyList<LinearMap> WideBlocks { get; init; } = [];

    /// <summary>Both.</summary>
    public IEnumerable<LinearMap> WeightsAlone => Blocks.Concat(WideBlocks);

    /// <summary>Tables whose rows are in blocks.</summary>
    public IReadOnlyList<LinearMap> BlockTables { get; init; } = [];

    /// <summary>By what a static layer makes, what is stored of it: behind an activation that the range does the work of.</summary>
    public IReadOnlyDictionary<string, string> Made { get; init; } = new Dictionary<string, string>();

    /// <summary>What is stored of the result of a static layer.</summary>
    public string MadeBy(LinearMap map) => Made.TryGetValue(map.Output, out var made) ? made : map.Output;

    /// <summary>Layers whose weights are rounded from what the layers in front of them make.</summary>
    public IEnumerable<LinearMap> Walked => Static.Concat(Dynamic).Concat(BytesAlone).Concat(WeightsAlone);

    /// <summary>Layers that get a bias which they do not have; where nothing is known of the data nothing is corrected.</summary>
    /// <param name="graph">Their graph.</param>
    /// <param name="isCorrected">Whether something is.</param>
    public LinearMap[] Biased(ModelGraph graph, bool isCorrected) => isCorrected ? [.. Walked.Where(map => WalkBiases.Adds(map, graph))] : [];

    /// <summary>The tensor whose range decides the scale of another.</summary>
    public string RootOf(string tensor)
    {
        while (Roots.TryGetValue(tensor, out var root))
        {
            tensor = root;
        }

        return tensor;
    }

    /// <summary>The tensors whose ranges must be known.</summary>
    public IReadOnlyList<string> Observed => [.. Tensors.Select(RootOf).Distinct(StringComparer.Ordinal)];
}
