namespace OnnxCompress.Selection;

/// <summary>The channels of a group from the first to keep to the first to remove, and the error of every width.</summary>
/// <param name="Order">All channels of the group; those that must stay come first.</param>
/// <param name="Errors">
/// <c>Errors[k]</c> is the relative error (Frobenius, not squared) of the consumers' outputs when the first k channels
/// stay and the others are replaced by their best combination of those, on data the combination was not fitted to; root
/// mean square over consumers.
/// </param>
/// <param name="Ridge">The ridge of the least squares that combines kept channels, relative to the mean diagonal.</param>
internal sealed record ChannelCurve(int[] Order, double[] Errors, double Ridge)
{
    /// <summary>The method that ordered them.</summary>
    public CompressionMethod Method { get; init; } = CompressionMethod.Interpolative;
}
