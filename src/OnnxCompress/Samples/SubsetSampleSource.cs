using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>Some samples of another source, in a given order.</summary>
/// <param name="source">Where the samples are; it stays the caller's to close.</param>
/// <param name="chosen">Which ones, each in [0, <c>source.Count</c>).</param>
internal sealed class SubsetSampleSource(ISampleSource source, IReadOnlyList<int> chosen) : ISampleSource, IHashedSamples
{
    /// <inheritdoc />
    public int Count => chosen.Count;

    /// <summary>The outermost source that is no subset.</summary>
    public ISampleSource Outermost => source is SubsetSampleSource outer ? outer.Outermost : source;

    /// <summary>Where a sample comes from.</summary>
    /// <param name="index">In [0, <see cref="Count"/>).</param>
    /// <returns>Its index in <see cref="Outermost"/>.</returns>
    public int OriginOf(int index) => source is SubsetSampleSource outer ? outer.OriginOf(chosen[index]) : chosen[index];

    /// <inheritdoc />
    public IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices)
    {
        var outer = new int[indices.Length];
        for (var i = 0; i < outer.Length; i++)
        {
            outer[i] = chosen[indices[i]];
        }

        return source.Read(outer);
    }

    /// <inheritdoc />
    public int ShapeGroup(int index) => source.ShapeGroup(chosen[index]);

    /// <inheritdoc />
    string IHashedSamples.Preparation => SampleContent.Preparation(source);

    /// <inheritdoc />
    ulong IHashedSamples.ContentHash(int index) => SampleContent.Content(source, chosen[index]);
}
