using OnnxCompress.Models;
using OnnxCompress.Samples;

namespace OnnxCompress.Vocabularies;

/// <summary>The ids that samples hold.</summary>
internal static class FedIds
{
    /// <summary>For each sample the ids of each integer input, by its name.</summary>
    /// <param name="samples">The samples.</param>
    /// <param name="inputs">The model's inputs.</param>
    /// <param name="names">The inputs that are looked at.</param>
    public static IEnumerable<IReadOnlyDictionary<string, long[]>> Each(ISampleSource samples, IReadOnlyList<TensorInfo> inputs, IReadOnlyCollection<string> names)
    {
        foreach (var (indices, count) in SampleBatches.Of(samples, inputs, preferred: 1))
        {
            HostTensor[] tensors = [.. samples.Read(indices).Where(t => names.Contains(t.Name))];
            for (var sample = 0; sample < count; sample++)
            {
                yield return tensors.ToDictionary(t => t.Name, t => Values(t, sample, indices.Length), StringComparer.Ordinal);
            }
        }
    }

    /// <summary>The values of one sample of a batch; all of the batch where they do not lie behind each other.</summary>
    private static long[] Values(HostTensor tensor, int sample, int samples)
    {
        var values = tensor.Values switch
        {
            long[] longs => longs.AsSpan(0, (int)tensor.Count).ToArray(),
            int[] ints => Array.ConvertAll(ints.AsSpan(0, (int)tensor.Count).ToArray(), i => (long)i),
            _ => [],
        };
        var isApart = samples > 1 && tensor.BatchAxis == 0 && tensor.Dims.Count > 0 && tensor.Dims[0] == samples;
        return isApart ? values.AsSpan(values.Length / samples * sample, values.Length / samples).ToArray() : values;
    }
}
