namespace OnnxCompress.Samples;

/// <summary>A source that knows what a sample is made of without preparing it for the model.</summary>
internal interface IHashedSamples
{
    /// <summary>64 bits of the SHA-256 of a sample's stored content, so that equal samples hash alike however they are preprocessed.</summary>
    ulong ContentHash(int index);

    /// <summary>What is done to stored content on the way to the model: with equal content it makes equal samples.</summary>
    string Preparation { get; }
}
