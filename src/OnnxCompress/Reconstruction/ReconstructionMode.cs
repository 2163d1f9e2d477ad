namespace OnnxCompress.Reconstruction;

/// <summary>How the weights of a compressed layer are made.</summary>
public enum ReconstructionMode
{
    /// <summary>As the chosen method publishes them.</summary>
    None,

    /// <summary>From statistics of the original network on both sides.</summary>
    Local,

    /// <summary>From the compressed network's inputs to the original network's outputs, layer after layer.</summary>
    Sequential,
}
