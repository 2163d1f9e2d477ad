namespace OnnxCompress.Selection;

/// <summary>The channels of a group from the first to keep to the first to remove, and the error of every width.</summary>
/// <param name="Order">All channels of the group; those that must stay come first.</param>
/// <param name="Errors">
/// <c>Errors[k]</c> is the relative error (Frobenius, not squared) of the consumers' outputs when the first k channels
/// stay and the others are replaced by their best combination of those; root mean square over consumers.
/// </param>
internal sealed record ChannelCurve(int[] Order, double[] Errors);
