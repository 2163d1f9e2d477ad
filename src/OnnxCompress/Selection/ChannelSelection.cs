namespace OnnxCompress.Selection;

/// <summary>How interpolative decomposition chooses the channels that stay.</summary>
public enum ChannelSelection
{
    /// <summary>The channel that explains most of the consumers' outputs is taken next.</summary>
    Target,

    /// <summary>The channel with the largest residual norm is taken next: column-pivoted QR, as published.</summary>
    PivotedQr,

    /// <summary>
    /// The choice of <see cref="PivotedQr"/>, and then kept channels swapped for removed ones while that makes the residual
    /// smaller: strong rank-revealing QR (Gu and Eisenstat 1996).
    /// </summary>
    StrongRrqr,
}
