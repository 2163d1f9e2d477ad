namespace OnnxCompress.Allocation;

/// <summary>One way to spread a budget over the sites.</summary>
/// <param name="Name">What the plan calls it.</param>
/// <param name="Channels">Whether channels are removed.</param>
/// <param name="Splits">Whether layers are split.</param>
/// <param name="ChannelRatio">Error level of channel groups over that of splits.</param>
/// <param name="SpatialFirst">Whether kernels are split into columns and rows wherever that can be.</param>
/// <param name="IsPriced">Whether channel groups that save more may have larger errors; if not, all meet one level.</param>
/// <param name="IsFelt">Whether errors count by what the outputs feel of them; if not, those of all sites alike.</param>
internal sealed record PlanRule(string Name, bool Channels, bool Splits, double ChannelRatio, bool SpatialFirst = false, bool IsPriced = true, bool IsFelt = false)
{
    /// <summary>Rules whose plans least squares is worth the time for.</summary>
    private const int MostFitted = 5;

    private static readonly PlanRule[] All =
    [
        new("columns and rows", false, true, 1, SpatialFirst: true),
        new("channels at half the level of splits, at any price", true, true, 0.5, IsPriced: false),
        new("channels only", true, false, 1),
        new("channels at half the level of splits", true, true, 0.5),
        new("channels at a quarter of the level of columns and rows", true, true, 0.25, SpatialFirst: true),
        new("splits only", false, true, 1),
        new("channels only, at any price", true, false, 1, IsPriced: false),
    ];

    /// <summary>Beside those, where it is known what outputs feel.</summary>
    private static readonly PlanRule[] Felt =
    [
        new("channels at half the level of splits, by what outputs feel", true, true, 0.5, IsFelt: true),
        new("splits only, by what outputs feel", false, true, 1, IsFelt: true),
    ];

    /// <summary>Whether a limit on time is kept by what saves operations at the least loss: see <see cref="Budget.IsPricedByOperations"/>.</summary>
    public bool ByOperations { get; init; }

    /// <summary>By site, how much more than elsewhere its error counts; 1 where nothing is said.</summary>
    public IReadOnlyDictionary<string, double> Weights { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>
    /// The rules that are tried, the one that wins most often first. Which family a network stands better differs: splits
    /// keep the decisions of plain residual networks, channels those of networks that are thin already.
    /// </summary>
    /// <param name="channels">Whether channels may be removed.</param>
    /// <param name="splits">Whether layers may be split.</param>
    /// <param name="spatial">Whether some of them offer columns and rows among others.</param>
    /// <param name="isFitted">Whether least squares follows, which is most of the work of a plan.</param>
    /// <param name="isFelt">Whether it is known what outputs feel of errors.</param>
    /// <param name="isTimed">Whether time is limited: then each rule is tried by what saves operations as well.</param>
    public static IReadOnlyList<PlanRule> For(bool channels, bool splits, bool spatial, bool isFitted, bool isFelt = false, bool isTimed = false)
    {
        // Where there is neither, the plan of splits alone removes nothing and says so.
        PlanRule[] rules = [.. All.Where(r => (channels ? splits || !r.Splits : !r.Channels) && (spatial || !r.SpatialFirst)).Take(isFitted ? MostFitted : All.Length)];
        rules = isFelt ? [.. Felt.Where(r => splits && (channels || !r.Channels)), .. rules] : rules;
        return isTimed ? Timed(rules) : rules;
    }

    /// <summary>The rules where time is limited: behind all the same by what saves operations.</summary>
    /// <param name="rules">The rules where it is not.</param>
    public static IReadOnlyList<PlanRule> Timed(IReadOnlyList<PlanRule> rules) =>
        [.. rules, .. rules.Where(r => r.Splits || r.IsPriced).Select(r => r with { Name = $"{r.Name}, by operations", ByOperations = true })];

    /// <summary>How much the error of a site counts.</summary>
    public double WeightOf(string site) => Weights.GetValueOrDefault(site, 1);
}
