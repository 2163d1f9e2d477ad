namespace OnnxCompress.Allocation;

/// <summary>What stays of a model: small, readable, without weights. Weights are solved for when it is applied.</summary>
/// <param name="ModelSha256">The model it was made for.</param>
/// <param name="Sites">Only sites that lose something, in the order of the model.</param>
public sealed record CompressionPlan(string ModelSha256, IReadOnlyList<SitePlan> Sites)
{
    /// <summary>How the budget was spread over the sites.</summary>
    public string Rule { get; init; } = "";

    /// <summary>The groups that lose channels.</summary>
    public IEnumerable<ChannelPlan> Channels => Sites.OfType<ChannelPlan>();

    /// <summary>The layers that become thin ones.</summary>
    public IEnumerable<SplitPlan> Splits => Sites.OfType<SplitPlan>();
}
