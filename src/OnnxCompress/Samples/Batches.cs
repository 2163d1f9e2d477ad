using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>Puts samples that lie one after the other where an input wants them.</summary>
internal static class Batches
{
    /// <summary>The tensor of a run.</summary>
    /// <param name="feed">The input.</param>
    /// <param name="dims">Shape of one sample, outermost first.</param>
    /// <param name="samples">How many samples there are; 1 where one value serves all.</param>
    /// <param name="values">The samples, back to back.</param>
    public static HostTensor Of(InputFeed feed, IReadOnlyList<long> dims, int samples, Array values) => new(
        feed.Input.Name, feed.Input.Type, feed.RunDims(dims, samples), feed.BatchAxis is { } axis and > 0 ? Along(axis, dims, samples, values) : values)
    {
        BatchAxis = feed.BatchAxis,
    };

    /// <summary>Empty strings for an input that nothing is read off.</summary>
    public static HostTensor Strings(InputFeed feed, int samples)
    {
        long[] dims = feed.RunDims([.. (feed.SampleDims ?? []).Select(dim => dim.Value ?? 1)], samples);
        return new(feed.Input.Name, feed.Input.Type, dims, new string[InputSizes.Count(feed.Input, dims)]) { BatchAxis = feed.BatchAxis };
    }

    private static Array Along(int axis, IReadOnlyList<long> dims, int samples, Array values)
    {
        var outer = dims.Take(axis).Aggregate(1L, (product, dim) => product * dim);
        var inner = dims.Skip(axis).Aggregate(1L, (product, dim) => product * dim);
        var moved = Array.CreateInstance(values.GetType().GetElementType()!, values.Length);
        for (var sample = 0; sample < samples; sample++)
        {
            for (long part = 0; part < outer; part++)
            {
                Array.Copy(values, ((sample * outer) + part) * inner, moved, ((part * samples) + sample) * inner, inner);
            }
        }

        return moved;
    }
}
