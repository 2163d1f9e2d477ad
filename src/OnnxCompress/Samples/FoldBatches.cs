using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>The calibration data in batches, those of one fold behind those of the other: whatever runs over the data sees the same ones.</summary>
internal sealed class FoldBatches
{
    private readonly ISampleSource _samples;
    private readonly (int[] Indices, int Samples)[] _batches;
    private readonly int _firstCheck;

    /// <summary>Divides the data.</summary>
    /// <param name="samples">The data.</param>
    /// <param name="inputs">The model's inputs, which may fix the batch.</param>
    /// <param name="preferred">Samples in a batch otherwise.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public FoldBatches(ISampleSource samples, IReadOnlyList<TensorInfo> inputs, int preferred, CancellationToken cancellation)
    {
        _samples = samples;
        var (fit, check) = SampleFolds.Of(samples, FeedPlan.Of(inputs).FixedBatch ?? 1, cancellation);
        _batches = [.. SampleBatches.Of(samples, inputs, preferred, fit)];
        _firstCheck = _batches.Length;
        _batches = [.. _batches, .. SampleBatches.Of(samples, inputs, preferred, check)];
    }

    private FoldBatches(FoldBatches whole, int[] places)
    {
        (_samples, _batches) = (whole._samples, [.. places.Select(place => whole._batches[place])]);
        _firstCheck = places.Count(place => !whole.IsCheck(place));
    }

    /// <summary>A part of both folds.</summary>
    /// <param name="every">One batch of so many stays; of each fold at least one.</param>
    /// <returns>Where each of its batches stands among all, and the part.</returns>
    public (int[] Places, FoldBatches Part) Part(int every)
    {
        int[] places = [.. Enumerable.Range(0, Count).Where(b => (IsCheck(b) ? b - _firstCheck : b) % every == 0)];
        return (places, new FoldBatches(this, places));
    }

    /// <summary>How many batches there are.</summary>
    public int Count => _batches.Length;

    /// <summary>Samples in all batches.</summary>
    public int Samples => _samples.Count;

    /// <summary>Reads a batch, on any thread: a source need not be thread safe, so one waits for the other.</summary>
    public IReadOnlyList<HostTensor> Read(int batch)
    {
        lock (_samples)
        {
            return _samples.Read(_batches[batch].Indices);
        }
    }

    /// <summary>Whether a batch judges what the others are fitted on.</summary>
    public bool IsCheck(int batch) => batch >= _firstCheck;

    /// <summary>Of so many rows of a batch, those that belong to samples and do not fill it up.</summary>
    public int Real(int batch, int rows) => (int)((long)rows * _batches[batch].Samples / _batches[batch].Indices.Length);

    /// <summary>Samples of a batch, those that fill it up included.</summary>
    public int SizeOf(int batch) => _batches[batch].Indices.Length;

    /// <summary>Samples of a batch that count.</summary>
    public int SamplesOf(int batch) => _batches[batch].Samples;
}
