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

    /// <summary>
    /// Whether queries and keys keep their width where attention stands in pieces: on processors it takes longer with narrower ones (measured, an
    /// encoder of three layers at 0.6 of the parameters .98 of the time in place of .81).
    /// </summary>
    public bool KeepsScoresInPieces { get; init; }

    /// <summary>What widths and ranks are held to.</summary>
    public WidthAlignment Alignment { get; init; } = new(null);
}
