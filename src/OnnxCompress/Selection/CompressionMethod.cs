namespace OnnxCompress.Selection;

/// <summary>The published methods the tool carries out.</summary>
public enum CompressionMethod
{
    /// <summary>Interpolative decomposition: some channels stay, the consumers' weights absorb the others
    /// (Chee et al., NeurIPS 2022).</summary>
    Interpolative,

    /// <summary>Low rank: a layer becomes two or three thin ones (Liebenwein et al., NeurIPS 2021, and data-aware forms).</summary>
    LowRank,
}
