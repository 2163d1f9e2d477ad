using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>
/// Samples, and behind them changed copies of each: the original decides about a mirrored picture as readily as about the picture, so that
/// few pictures say more of what layers read. Only what is made from samples takes copies; nothing is compared or proven on them.
/// </summary>
internal sealed class AugmentedSamples : ISampleSource, IHashedSamples
{
    /// <summary>A copy is moved by at most this part of its height and width.</summary>
    private const int Part = 8;

    private readonly ISampleSource _source;
    private readonly IReadOnlyList<Augmentation> _changes;

    private AugmentedSamples(ISampleSource source, IReadOnlyList<Augmentation> changes) => (_source, _changes) = (source, changes);

    /// <inheritdoc />
    public int Count => checked(_source.Count * (1 + _changes.Count));

    /// <inheritdoc />
    string IHashedSamples.Preparation => $"{SampleContent.Preparation(_source)} and {string.Join(" and ", _changes)}";

    /// <summary>Samples with copies for each change; the same samples without any.</summary>
    /// <param name="source">Where the samples are; it stays the caller's to close.</param>
    /// <param name="changes">One copy of each sample for each of them.</param>
    /// <exception cref="OnnxCompressException">OCX3029: no input holds pictures.</exception>
    public static ISampleSource Of(ISampleSource source, IReadOnlyList<Augmentation> changes)
    {
        Augmentation[] each = [.. changes.Distinct().Order()];
        return each.Length == 0 || source.Count == 0 ? source
            : source is not RandomSampleSource && source.Read([0]).Any(t => ChangedPictures.Of(t) is not null) ? new AugmentedSamples(source, each)
            : throw new OnnxCompressException(
                DiagnosticCodes.NothingToAugment,
                $"--augment {string.Join(',', each).ToLowerInvariant()} makes copies of pictures, and no input is fed any: that takes data for an input [N,C,H,W] or [N,H,W,C] of 1, 3 or 4 channels; leave --augment out.");
    }

    /// <inheritdoc />
    public int ShapeGroup(int index) => _source.ShapeGroup(index % _source.Count);

    /// <inheritdoc />
    public IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices)
    {
        var samples = new int[indices.Length];
        for (var i = 0; i < samples.Length; i++)
        {
            samples[i] = indices[i] % _source.Count;
        }

        var read = _source.Read(samples);
        return indices.ContainsAnyInRange(_source.Count, int.MaxValue) ? [.. Changed(read, indices.ToArray())] : read;
    }

    /// <inheritdoc />
    ulong IHashedSamples.ContentHash(int index) => SampleContent.Content(_source, index % _source.Count) + (ulong)(index / _source.Count);

    private IEnumerable<HostTensor> Changed(IReadOnlyList<HostTensor> tensors, int[] indices)
    {
        foreach (var tensor in tensors)
        {
            yield return ChangedPictures.Of(tensor) is { } pictures ? Changed(tensor, pictures, indices) : tensor;
        }
    }

    private HostTensor Changed(HostTensor tensor, ChangedPictures pictures, int[] indices)
    {
        // A source may give the same array again.
        var values = (Array)tensor.Values.Clone();
        var bytes = tensor.Type.Bytes(values);
        for (var i = 0; i < indices.Length; i++)
        {
            if (indices[i] / _source.Count is > 0 and var copy)
            {
                Change(bytes.Slice(i * pictures.SampleBytes, pictures.SampleBytes), pictures, _changes[copy - 1], indices[i] % _source.Count);
            }
        }

        return new(tensor.Name, tensor.Type, tensor.Dims, values) { BatchAxis = tensor.BatchAxis };
    }

    private void Change(Span<byte> sample, ChangedPictures pictures, Augmentation change, int index)
    {
        if (change == Augmentation.Flip)
        {
            pictures.Flip(sample);
            return;
        }

        // By content: the order of the files does not matter, nor does another run.
        var random = new Random((int)SampleContent.Content(_source, index));
        int Distance(int size) => random.Next(-(size / Part), (size / Part) + 1);
        pictures.Move(sample, Distance(pictures.Height), Distance(pictures.Width));
    }
}
