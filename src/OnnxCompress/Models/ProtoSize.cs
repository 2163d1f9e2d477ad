using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>Message sizes that may pass 2 GB.</summary>
internal static class ProtoSize
{
    /// <summary>
    /// Bytes of the message. Protobuf's own count is an <see cref="int"/> and wraps, so the large parts, the
    /// initializers' raw data, are counted apart.
    /// </summary>
    public static long CalculateSizeLong(this ModelProto model)
    {
        var weights = model.Graph.Initializer.Sum(t => t.HasRawData ? (long)t.RawData.Length : 0);
        // Modular arithmetic: the wrapped total less the wrapped weights is the true remainder, which is small.
        var rest = unchecked(model.CalculateSize() - (int)weights);
        return weights + rest;
    }
}
