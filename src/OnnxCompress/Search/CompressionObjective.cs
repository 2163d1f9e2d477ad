namespace OnnxCompress.Search;

/// <summary>What is made small where no budget says how small it has to be.</summary>
public enum CompressionObjective
{
    /// <summary>The time of one run, by times of nodes that are measured on this machine; then, within that time, bytes.</summary>
    Latency,

    /// <summary>The file with its external data.</summary>
    Bytes,

    /// <summary>Multiply-accumulates of one sample.</summary>
    Macs,

    /// <summary>Parameters.</summary>
    Parameters,
}
