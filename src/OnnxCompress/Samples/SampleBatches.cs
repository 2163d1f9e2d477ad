using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>Divides samples into the batches that a model takes.</summary>
internal static class SampleBatches
{
    /// <summary>Batches of consecutive samples.</summary>
    /// <param name="count">How many samples there are.</param>
    /// <param name="inputs">The model's inputs.</param>
    /// <param name="preferred">Samples in a batch, unless the model's is fixed.</param>
    /// <returns>Indices of each batch and how many of them count: a fixed batch is filled up with its last sample.</returns>
    public static IEnumerable<(int[] Indices, int Samples)> Of(int count, IReadOnlyList<TensorInfo> inputs, int preferred)
    {
        var fixedSize = FeedPlan.Of(inputs).FixedBatch;
        var size = fixedSize ?? preferred;
        for (var start = 0; start < count; start += size)
        {
            var samples = Math.Min(size, count - start);
            var indices = new int[fixedSize ?? samples];
            for (var i = 0; i < indices.Length; i++)
            {
                indices[i] = start + Math.Min(i, samples - 1);
            }

            yield return (indices, samples);
        }
    }

    /// <summary>One batch to time a model with: samples of the shape of the first, over and over where there are fewer.</summary>
    /// <param name="source">The samples; at least one.</param>
    /// <param name="inputs">The model's inputs.</param>
    /// <param name="size">Samples in the batch, unless the model's is fixed.</param>
    public static int[] Timed(ISampleSource source, IReadOnlyList<TensorInfo> inputs, int size)
    {
        var length = FeedPlan.Of(inputs).FixedBatch ?? size;
        int[] alike = [.. Enumerable.Range(0, source.Count).Where(i => source.ShapeGroup(i) == source.ShapeGroup(0)).Take(length)];
        return [.. Enumerable.Range(0, length).Select(i => alike[i % alike.Length])];
    }

    /// <summary>Batches of samples of one shape: shapes in the order they first occur, samples in their own order.</summary>
    /// <param name="source">The samples.</param>
    /// <param name="inputs">The model's inputs.</param>
    /// <param name="preferred">Samples in a batch, unless the model's is fixed.</param>
    /// <param name="chosen">Which samples, each once; null: all of them.</param>
    /// <returns>As for samples of one shape: indices of each batch and how many of them count.</returns>
    public static IEnumerable<(int[] Indices, int Samples)> Of(
        ISampleSource source, IReadOnlyList<TensorInfo> inputs, int preferred, IEnumerable<int>? chosen = null) =>
        (chosen ?? Enumerable.Range(0, source.Count))
            .GroupBy(source.ShapeGroup)
            .SelectMany(group =>
            {
                int[] members = [.. group];
                return Of(members.Length, inputs, preferred).Select(batch => (Array.ConvertAll(batch.Indices, position => members[position]), batch.Samples));
            });
}
