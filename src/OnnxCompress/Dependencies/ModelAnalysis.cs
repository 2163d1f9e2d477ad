using OnnxCompress.Models;

namespace OnnxCompress.Dependencies;

/// <summary>What can be removed from a model, what cannot and why, and what it costs.</summary>
public sealed class ModelAnalysis
{
    private readonly Lazy<Dictionary<string, ChannelGroup>> _byName;

    internal ModelAnalysis(Relations relations, IReadOnlyList<ChannelGroup> groups, IReadOnlyList<Refusal> refusals, CostModel cost) =>
        (Relations, Groups, Refusals, Cost, _byName) = (relations, groups, refusals, cost, new(() => Narrowed.Concat(Branches).ToDictionary(g => g.Name, StringComparer.Ordinal)));

    /// <summary>Channel groups, in the order of their first producers.</summary>
    public IReadOnlyList<ChannelGroup> Groups { get; }

    /// <summary>Directions of queries and keys that scores sum over, one group for each attention, in the order of the model.</summary>
    public IReadOnlyList<ChannelGroup> Scores { get; internal init; } = [];

    /// <summary>Residual branches that may go as a whole, one group of one index each, in the order of the model.</summary>
    public IReadOnlyList<ChannelGroup> Branches { get; internal init; } = [];

    /// <summary>By the name of a node, the indices that all have to stay for it to stay.</summary>
    internal ILookup<string, IndexAxis> BranchesOf { get; init; } = Array.Empty<IndexAxis>().ToLookup(_ => "");

    /// <summary>Channels and directions.</summary>
    internal IEnumerable<ChannelGroup> Narrowed => Groups.Concat(Scores);

    /// <summary>A group by its name; null when there is none.</summary>
    internal ChannelGroup? GroupOf(string name) => _byName.Value.GetValueOrDefault(name);

    /// <summary>Layers that are left alone.</summary>
    public IReadOnlyList<Refusal> Refusals { get; private set; }

    /// <summary>Every parameter of the file; null before <see cref="AccountFor"/>.</summary>
    internal ParameterAccount? Account { get; private set; }

    /// <summary>Accounts for every parameter of the file that the model was simplified from; refusals then say how many each holds back.</summary>
    /// <param name="original">The file.</param>
    /// <param name="splittable">Weights of the simplified model that splits take.</param>
    internal void AccountFor(OnnxModel original, IReadOnlySet<string> splittable) => (Account, Refusals) = ParameterAccounts.Of(original, this, splittable);

    /// <summary>Logical elements of the weights that the file holds, shared ones once.</summary>
    public long Parameters { get; internal init; }

    /// <summary>Multiply-accumulates for one sample.</summary>
    public long Macs => Cost.Macs(Cost.Whole);

    /// <summary>Whether the user's selection includes a node.</summary>
    internal Func<string, bool> IsSelected { get; init; } = static _ => true;

    /// <summary>Axes of every tensor.</summary>
    internal Relations Relations { get; }

    /// <summary>What a choice of channels costs.</summary>
    internal CostModel Cost { get; }
}
