namespace OnnxCompress.Calibration.Data;

/// <summary>A source that knows what a sample is made of without preparing it for the model.</summary>
internal interface IHashedSamples
{
    /// <summary>64 bits of the SHA-256 of a sample's stored content, so that equal samples hash alike however they are preprocessed.</summary>
    ulong ContentHash(int index);
}
