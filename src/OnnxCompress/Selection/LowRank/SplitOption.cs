using OnnxCompress.Forms;

namespace OnnxCompress.Selection.LowRank;

/// <summary>One point of a layer's curve.</summary>
/// <param name="Shape">The split.</param>
/// <param name="Error">
/// Relative error of the layer's output that the form states: measured on rows it was not fitted to where the form is
/// data-aware, of white inputs where it reads weights only, the published bound for ALDS.
/// </param>
internal sealed record SplitOption(SplitShape Shape, double Error);
