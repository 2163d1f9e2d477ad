using OnnxCompress.Models;
using OnnxCompress.Samples;

namespace OnnxCompress.Tests.Verification;

/// <summary>Four samples of a mask over two positions: the second is there for odd ones.</summary>
internal sealed class MaskRows : ISampleSource
{
    public int Count => 4;

    public IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices) =>
        [new("attention_mask", ElementType.Float, [indices.Length, 2], (float[])[.. indices.ToArray().SelectMany(i => new[] { 1f, i % 2 })])];
}
