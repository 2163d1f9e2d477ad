namespace OnnxCompress.Timing;

/// <summary>The multiple that kept widths and ranks are held to.</summary>
/// <param name="Fixed">One for all; null leaves it to what was measured, or to <see cref="WidthTable"/>.</param>
/// <param name="Measured">Widths that the runtime was seen to like; null where nothing was measured.</param>
internal sealed record WidthAlignment(int? Fixed, LikedWidths? Measured = null)
{
    /// <summary>The multiple for an axis.</summary>
    /// <param name="channels">Its width.</param>
    /// <param name="isConvolved">Whether a convolution makes or reads its channels.</param>
    public int Of(int channels, bool isConvolved) =>
        Fixed ?? (isConvolved ? Measured?.Convolution : Measured?.Product) ?? WidthTable.AlignmentOf(channels, isConvolved);
}
