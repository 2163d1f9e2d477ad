using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress.Calibration;

/// <summary>Counts the values of tensors while statistics are taken: ranges in 8 bits follow from them, without the data.</summary>
internal sealed class CountedTensors
{
    private readonly Dictionary<string, TensorHistogram> _histograms;
    private readonly int _threads;

    /// <summary>Counts nothing yet.</summary>
    /// <param name="tensors">The tensors, inputs of the model among them.</param>
    /// <param name="inputs">What the model is fed.</param>
    /// <param name="statistics">Where values are counted.</param>
    /// <param name="threads">Threads that count; 0 means all cores.</param>
    public CountedTensors(IReadOnlyList<string> tensors, IReadOnlyList<TensorInfo> inputs, CalibrationStatistics statistics, int threads)
    {
        _histograms = tensors.ToDictionary(t => t, statistics.OpenRange, StringComparer.Ordinal);
        Inner = [.. tensors.Except(inputs.Select(i => i.Name), StringComparer.Ordinal)];
        _threads = threads;
    }

    /// <summary>Whether there are any.</summary>
    public bool Any => _histograms.Count > 0;

    /// <summary>Those that the network makes.</summary>
    public IReadOnlyList<string> Inner { get; }

    /// <summary>Counts what the network is fed.</summary>
    /// <param name="inputs">A batch.</param>
    /// <param name="real">Of so many values of the batch, those that do not only fill it up.</param>
    public void TakeInputs(IReadOnlyList<HostTensor> inputs, Func<int, int> real)
    {
        foreach (var input in inputs)
        {
            if (_histograms.TryGetValue(input.Name, out var histogram))
            {
                var count = (int)input.Count;
                histogram.Add(((float[])input.Values).AsSpan(0, real(count)));
            }
        }
    }

    /// <summary>Counts what it makes of that.</summary>
    /// <param name="run">The run.</param>
    /// <param name="tensors">What the run gives back.</param>
    /// <param name="real">Of so many values of the batch, those that do not only fill it up.</param>
    /// <param name="cancellation">Stops the counting.</param>
    public void Take(RunResult run, IReadOnlyList<string> tensors, Func<int, int> real, CancellationToken cancellation) =>
        // A histogram is filled by one thread, batch after batch.
        ParallelWork.For(
            tensors.Count,
            _threads,
            i =>
            {
                if (_histograms.TryGetValue(tensors[i], out var histogram))
                {
                    var values = run.Values<float>(i);
                    histogram.Add(values[..real(values.Length)]);
                }
            },
            cancellation);
}
