namespace OnnxCompress.Selection;

/// <summary>The published methods the tool carries out.</summary>
public enum CompressionMethod
{
    /// <summary>Interpolative decomposition: some channels stay, the consumers' weights absorb the others
    /// (Chee et al., NeurIPS 2022).</summary>
    Interpolative,

    /// <summary>Low rank: a layer becomes two or three thin ones (Liebenwein et al., NeurIPS 2021, and data-aware forms).</summary>
    LowRank,

    /// <summary>Importance sampling of channels by what they can contribute to any consumer, from weights alone
    /// (Mussay et al., 2020).</summary>
    Coreset,

    /// <summary>Backward elimination: the channel that the others replace best goes next
    /// (Shah, Olivier and Raj, 2020).</summary>
    Redundancy,

    /// <summary>Depth: a branch beside a residual sum goes as a whole, and the layer in front of the sum before takes up what it can of it
    /// (Men et al., 2024, without the fit).</summary>
    Depth,
}
