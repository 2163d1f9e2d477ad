namespace OnnxCompress.Allocation;

/// <summary>How a budget becomes a plan.</summary>
/// <param name="Seed">Seed of every random choice.</param>
/// <param name="CoresetDraws">Coresets that are drawn for each group, of which the best by weights alone is taken.</param>
/// <param name="IsFitted">Whether least squares follows, which is most of the work of a plan: then fewer rules are tried.</param>
internal sealed record AllocationOptions(int Seed, int CoresetDraws, bool IsFitted)
{
    /// <summary>Rewrites that every plan ends with, see <see cref="CompressionPlan.Rewrites"/>.</summary>
    public IReadOnlyList<string> Rewrites { get; init; } = [];
}
