using System.Text;
using OnnxCompress.Dependencies.Scores;

namespace OnnxCompress.Dependencies;

/// <summary>
/// Channels that are chosen together: every linear layer that reads one of them reads them with the others, so that
/// what stays can stand in for what goes.
/// </summary>
public sealed class ChannelGroup
{
    internal ChannelGroup(string name, int[] atoms, bool[] isFree, IReadOnlyList<GroupConsumer> consumers) =>
        (Name, Atoms, IsFree, ConsumerLayers) = (name, atoms, isFree, consumers);

    /// <summary>Name of the first layer that makes the channels; unique in a model.</summary>
    public string Name { get; }

    /// <summary>How many channels there are.</summary>
    public int Channels => Atoms.Length;

    /// <summary>How many of them may be removed at all.</summary>
    public int FreeChannels => IsFree.Count(f => f);

    /// <summary>Nodes that make the channels and lose outputs.</summary>
    public IReadOnlyList<string> Producers { get; internal init; } = [];

    /// <summary>Nodes that read the channels and get new weights.</summary>
    public IReadOnlyList<string> Consumers => [.. ConsumerLayers.SelectMany(c => c.Uses).Select(l => l.Node.Name).Distinct()];

    /// <summary>Nodes in between whose per-channel constants shrink.</summary>
    public IReadOnlyList<string> Carried { get; internal init; } = [];

    /// <summary>One element for each channel; ascending where layers read them.</summary>
    internal int[] Atoms { get; }

    /// <summary>Whether each channel may be removed; the others stay whatever is chosen.</summary>
    internal bool[] IsFree { get; }

    /// <summary>The linear layers that read the channels.</summary>
    internal IReadOnlyList<GroupConsumer> ConsumerLayers { get; }

    /// <summary>Channels that sit in the same tensors: each such segment keeps at least one.</summary>
    internal IReadOnlyList<int[]> Segments { get; init; } = [];

    /// <summary>The product of queries and keys whose directions, of all heads at the same place, the channels are; null for channels that layers read.</summary>
    internal ScoreProduct? Scores { get; init; }

    /// <summary>The residual stream that the channels are; null where they are none, or it is not turned.</summary>
    internal Streams.ResidualStream? Stream { get; set; }

    /// <summary>The residual branch that the one index stands for; null for channels.</summary>
    internal Branches.ResidualBranch? Branch { get; init; }

    /// <summary>Whether a convolution makes or reads the channels.</summary>
    internal bool IsConvolved { get; init; }

    /// <summary>The elements of all channels but some.</summary>
    internal IEnumerable<int> Without(IEnumerable<int> kept)
    {
        var stays = kept.ToHashSet();
        return Atoms.Where((_, channel) => !stays.Contains(channel));
    }

    /// <summary>The segment of each channel.</summary>
    internal int[] SegmentOf()
    {
        var segments = new int[Channels];
        for (var s = 0; s < Segments.Count; s++)
        {
            foreach (var channel in Segments[s])
            {
                segments[channel] = s;
            }
        }

        return segments;
    }

    /// <summary>What removing one channel means, as people read it.</summary>
    public string Describe()
    {
        if (Branch is not null)
        {
            return Branch.Describe();
        }

        if (Scores is not null)
        {
            return string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"{Name}: {Channels} directions of queries and keys in each head. {string.Join(" and ", Producers)} make the first of them, in an order of each head's own, and '{Scores.Node.Name}' sums over fewer.");
        }

        var text = new StringBuilder($"{Name}: {Channels} channels");
        if (FreeChannels < Channels)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $", {FreeChannels} of them removable");
        }

        if (Producers.Count == 0)
        {
            return text.Append(". A Gather in front of ").AppendJoin(", ", Consumers).Append(" leaves channels out, and rewrites it.").ToString();
        }

        if (Stream is not null)
        {
            return text.Append(". ").Append(Stream.Describe()).Append('.').ToString();
        }

        text.Append(". Removing a channel takes it from ").AppendJoin(", ", Producers);
        if (Carried.Count > 0)
        {
            text.Append(", and from ").AppendJoin(", ", Carried);
        }

        return text.Append(", and rewrites ").AppendJoin(", ", Consumers).Append('.').ToString();
    }
}
