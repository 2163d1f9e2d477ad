using OnnxCompress.Forms;
using OnnxCompress.Timing;

namespace OnnxCompress.Selection;

/// <summary>How what could go is found.</summary>
/// <param name="Methods">The methods that may be used.</param>
internal sealed record SelectionOptions(IReadOnlyCollection<CompressionMethod> Methods)
{
    /// <summary>How interpolative decomposition chooses the channels that stay.</summary>
    public ChannelSelection Rule { get; init; } = ChannelSelection.Target;

    /// <summary>The forms of low-rank splits that are tried.</summary>
    public IReadOnlyList<SplitForm> Forms { get; init; } = [];

    /// <summary>What widths and ranks are held to.</summary>
    public WidthAlignment Alignment { get; init; } = new(null);
}
