namespace OnnxCompress.Search;

/// <summary>One way to spread a budget over the sites.</summary>
/// <param name="Name">What the plan calls it.</param>
/// <param name="Channels">Whether channels are removed.</param>
/// <param name="Splits">Whether layers are split.</param>
/// <param name="ChannelRatio">Error level of channel groups over that of splits.</param>
internal sealed record PlanRule(string Name, bool Channels, bool Splits, double ChannelRatio)
{
    /// <summary>
    /// The rules that are tried, the one that wins most often first. Which family a network stands better differs: splits
    /// keep the decisions of plain residual networks, channels those of networks that are thin already.
    /// </summary>
    /// <param name="channels">Whether channels may be removed.</param>
    /// <param name="splits">Whether layers may be split.</param>
    public static IReadOnlyList<PlanRule> For(bool channels, bool splits) => (channels, splits) switch
    {
        (true, true) =>
        [
            new("channels at half the level of splits", true, true, 0.5),
            new("channels only", true, false, 1),
            new("channels at a quarter of the level of splits", true, true, 0.25),
            new("one level", true, true, 1),
            new("splits only", false, true, 1),
        ],
        _ => [new("one level", channels, splits, 1)],
    };
}
