namespace OnnxCompress.Forms;

/// <summary>The sizes of a split: all that a plan needs to say of it.</summary>
/// <param name="Form">The form.</param>
/// <param name="Rank">Channels between the factors; with groups, of each group; for Tucker-2, those that leave the core.</param>
/// <param name="Groups">Groups of input channels; 1 except for ALDS.</param>
/// <param name="InnerRank">Channels that enter the core of Tucker-2; 0 for all other forms.</param>
public sealed record SplitShape(SplitForm Form, int Rank, int Groups = 1, int InnerRank = 0);
