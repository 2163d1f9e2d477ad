using OnnxCompress.Models;

namespace OnnxCompress.Calibration;

/// <summary>Samples ready to be fed: preprocessed, in the layout and type the model's inputs want.</summary>
public interface ISampleSource
{
    /// <summary>How many samples there are.</summary>
    int Count { get; }

    /// <summary>Reads samples into one batch.</summary>
    /// <param name="indices">Which samples, each in [0, <see cref="Count"/>).</param>
    /// <returns>One tensor for each model input, the samples along axis 0.</returns>
    IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices);
}
