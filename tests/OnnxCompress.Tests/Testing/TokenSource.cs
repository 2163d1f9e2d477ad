using OnnxCompress.Models;
using OnnxCompress.Samples;

namespace OnnxCompress.Tests.Testing;

/// <summary>Seeded sequences of token indices, small ones more often than large ones as words are.</summary>
internal sealed class TokenSource(string input, int entries, int length, int count, int seed = 3) : ISampleSource
{
    private readonly long[] _tokens = Tokens(entries, length * count, seed);

    public int Count => count;

    public IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices)
    {
        var values = new long[indices.Length * length];
        for (var i = 0; i < indices.Length; i++)
        {
            Array.Copy(_tokens, indices[i] * length, values, i * length, length);
        }

        return [new HostTensor(input, ElementType.Int64, [indices.Length, length], values)];
    }

    private static long[] Tokens(int entries, int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (long)(entries * random.NextDouble() * random.NextDouble()))];
    }
}
