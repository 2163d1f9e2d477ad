using System.Security.Cryptography;

namespace OnnxCompress.Calibration.Data;

/// <summary>A source that can hash what a sample is made of without preparing it for the model.</summary>
internal interface IHashedSamples
{
    /// <summary>Appends a sample's stored content, so that equal samples hash alike however they are preprocessed.</summary>
    void AppendContent(int index, IncrementalHash hash);
}
