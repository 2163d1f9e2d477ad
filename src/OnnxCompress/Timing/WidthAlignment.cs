namespace OnnxCompress.Timing;

/// <summary>What kept widths and ranks are held to.</summary>
/// <param name="Fixed">One multiple for all; null leaves it to what was measured, or to <see cref="WidthTable"/>.</param>
/// <param name="Measured">Widths that the runtime was seen to like; null where nothing was measured.</param>
internal sealed record WidthAlignment(int? Fixed, LikedWidths? Measured = null)
{
    /// <summary>Channels in a vector of the processor that the model is made for.</summary>
    public int VectorWidth { get; init; } = WidthTable.VectorWidth;

    /// <summary>The smallest width that is liked and holds as many channels.</summary>
    /// <param name="count">Channels that are wanted, at least one.</param>
    /// <param name="most">Channels there are.</param>
    /// <param name="isConvolved">Whether a convolution makes or reads them.</param>
    public int Next(int count, int most, bool isConvolved) => Fixed is { } multiple ? WidthTable.RoundUp(count, multiple)
        : (isConvolved ? Measured?.Convolution : Measured?.Product) is { } measured ? WidthTable.PowerOrMultiple(count, measured)
        : WidthTable.Next(count, most, isConvolved, VectorWidth);

    /// <summary>Whether a width is liked.</summary>
    /// <param name="width">Channels, at least one.</param>
    /// <param name="most">Channels there could be.</param>
    /// <param name="isConvolved">Whether a convolution makes or reads them.</param>
    public bool Likes(int width, int most, bool isConvolved) => Next(width, most, isConvolved) == width;
}
