using OnnxCompress.Models;
using OnnxCompress.Samples;

namespace OnnxCompress.Tests.Verification;

/// <summary>Samples of one number each: 0, 1, 2, ...</summary>
internal sealed class Rows(int count) : ISampleSource
{
    public int Count => count;

    public IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices)
    {
        var values = new float[indices.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = indices[i];
        }

        return [new("x", ElementType.Float, [indices.Length, 1], values)];
    }
}
