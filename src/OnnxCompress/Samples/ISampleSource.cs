using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>Samples ready to be fed: preprocessed, in the layout and type the model's inputs want.</summary>
public interface ISampleSource
{
    /// <summary>How many samples there are.</summary>
    int Count { get; }

    /// <summary>Which samples can share a batch: those with the same number have the same shape. Sources of one shape leave it at 0.</summary>
    /// <param name="index">In [0, <see cref="Count"/>).</param>
    int ShapeGroup(int index) => 0;

    /// <summary>Reads samples into one batch.</summary>
    /// <param name="indices">Which samples, each in [0, <see cref="Count"/>), all of one <see cref="ShapeGroup"/>.</param>
    /// <returns>One tensor for each model input, the samples along axis 0.</returns>
    IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices);
}
