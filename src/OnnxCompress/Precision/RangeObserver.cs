using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Precision;

/// <summary>Counts the values of tensors while calibration data run; memory does not grow with the data.</summary>
/// <param name="batches">The data.</param>
/// <param name="tensors">The tensors.</param>
/// <param name="threads">Threads that count; 0 means all cores.</param>
internal sealed class RangeObserver(FoldBatches batches, IReadOnlyList<string> tensors, int threads) : IRunObserver
{
    private readonly TensorHistogram[] _histograms = [.. tensors.Select(_ => new TensorHistogram())];

    /// <inheritdoc />
    public IReadOnlyList<string> Tensors => tensors;

    /// <summary>The counts of a tensor.</summary>
    public IReadOnlyDictionary<string, TensorHistogram> Histograms => tensors.Zip(_histograms).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);

    /// <summary>Runs a model over the data.</summary>
    /// <param name="runtime">Where it runs.</param>
    /// <param name="model">The model.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    public void Run(IModelRuntime runtime, OnnxModel model, CancellationToken cancellation)
    {
        if (tensors.Count == 0)
        {
            return;
        }

        using var session = runtime.Open(model.Observing(tensors), new SessionSettings(threads, Spin: false));
        for (var b = 0; b < batches.Count; b++)
        {
            cancellation.ThrowIfCancellationRequested();
            var fed = batches.Read(b);
            string[] outputs = [.. tensors.Where(t => !fed.Any(f => f.Name == t))];
            foreach (var input in fed.Where(f => Index(f.Name) >= 0))
            {
                Count(Index(input.Name), ((float[])input.Values).AsSpan(0, (int)input.Count), b);
            }

            // The runtime refuses a run without outputs.
            if (outputs.Length > 0)
            {
                using var run = session.Run(fed, outputs, cancellation);
                Take(run, outputs, b, cancellation);
            }
        }
    }

    /// <inheritdoc />
    public void Take(RunResult run, int first, int batch, CancellationToken cancellation) =>
        // A histogram is filled by one thread, batch after batch.
        ParallelWork.For(tensors.Count, threads, i => Count(i, run.Values<float>(first + i), batch), cancellation);

    private void Take(RunResult run, string[] outputs, int batch, CancellationToken cancellation) =>
        ParallelWork.For(outputs.Length, threads, i => Count(Index(outputs[i]), run.Values<float>(i), batch), cancellation);

    private int Index(string tensor)
    {
        for (var i = 0; i < tensors.Count; i++)
        {
            if (tensors[i] == tensor)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>A fixed batch is filled up with its last sample, which counts once.</summary>
    private void Count(int tensor, ReadOnlySpan<float> values, int batch) => _histograms[tensor].Add(values[..batches.Real(batch, values.Length)]);
}
