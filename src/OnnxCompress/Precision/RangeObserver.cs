using OnnxCompress.Calibration;
using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Precision;

/// <summary>Counts the values of tensors while calibration data run; memory does not grow with the data.</summary>
/// <param name="batches">The data.</param>
/// <param name="tensors">The tensors, inputs of the model among them.</param>
/// <param name="threads">Threads that count; 0 means all cores.</param>
internal sealed class RangeObserver(FoldBatches batches, IReadOnlyList<string> tensors, int threads)
{
    private readonly Dictionary<string, TensorHistogram> _histograms = tensors.ToDictionary(t => t, _ => new TensorHistogram(), StringComparer.Ordinal);

    /// <summary>Runs a model over the data and gives the counts of each tensor.</summary>
    /// <param name="runtime">Where it runs.</param>
    /// <param name="model">The model.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    public IReadOnlyDictionary<string, TensorHistogram> Run(IModelRuntime runtime, OnnxModel model, CancellationToken cancellation)
    {
        var fed = model.Inputs.Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        string[] inner = [.. tensors.Where(t => !fed.Contains(t))];
        // The runtime refuses a run without outputs.
        using var observed = inner.Length > 0 ? new ObservedModel(runtime, model, inner, new SessionSettings(threads, Spin: false)) : null;
        for (var b = 0; tensors.Count > 0 && b < batches.Count; b++)
        {
            cancellation.ThrowIfCancellationRequested();
            var inputs = batches.Read(b);
            foreach (var input in inputs.Where(i => _histograms.ContainsKey(i.Name)))
            {
                Count(input.Name, ((float[])input.Values).AsSpan(0, (int)input.Count), b);
            }

            if (observed is not null)
            {
                Take(observed, inputs, b, cancellation);
            }
        }

        return _histograms;
    }

    private void Take(ObservedModel observed, IReadOnlyList<HostTensor> inputs, int batch, CancellationToken cancellation)
    {
        using var run = observed.Run(inputs, cancellation);
        // A histogram is filled by one thread, batch after batch.
        ParallelWork.For(observed.Tensors.Count, threads, i => Count(observed.Tensors[i], run.Values<float>(i), batch), cancellation);
    }

    /// <summary>A fixed batch is filled up with its last sample, which counts once.</summary>
    private void Count(string tensor, ReadOnlySpan<float> values, int batch) => _histograms[tensor].Add(values[..batches.Real(batch, values.Length)]);
}
