using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Verification;

/// <summary>
/// What an original makes of samples. It runs once however many models are held against it, as far as memory goes; what is beyond runs
/// again each time.
/// </summary>
internal sealed class ReferenceOutputs
{
    private readonly Dictionary<(ISampleSource Samples, int First, int Count), Kept> _kept = [];
    private long _held;

    /// <summary>Bytes of outputs that are kept.</summary>
    public long Limit { get; set; } = 32 << 20;

    /// <summary>The outputs of a batch.</summary>
    /// <param name="samples">Where the batch is from.</param>
    /// <param name="indices">Its samples.</param>
    /// <param name="run">Runs the original; the outputs asked for are always the same.</param>
    /// <param name="outputs">How many outputs.</param>
    public RunResult Of(ISampleSource samples, int[] indices, int outputs, Func<RunResult> run)
    {
        var key = (samples, indices[0], indices.Length);
        if (_kept.TryGetValue(key, out var kept))
        {
            return kept.Indices.AsSpan().SequenceEqual(indices) ? kept : run();
        }

        var made = run();
        var bytes = Enumerable.Range(0, outputs).Sum(i => (long)made.Bytes(i).Length);
        if (_held + bytes <= Limit)
        {
            _held += bytes;
            _kept[key] = new Kept(indices, made, outputs);
        }

        return made;
    }

    /// <summary>Outputs in arrays of their own; whoever asked for them may dispose of them as of any other.</summary>
    private sealed class Kept : RunResult
    {
        private readonly (IReadOnlyList<long> Dims, ElementType Type, Array Values)[] _outputs;

        public Kept(int[] indices, RunResult run, int outputs)
        {
            Indices = indices;
            _outputs = [.. Enumerable.Range(0, outputs).Select(i => ((IReadOnlyList<long>)[.. run.Dims(i)], run.Type(i), run.Copy(i)!))];
        }

        public int[] Indices { get; }

        public override IReadOnlyList<long> Dims(int index) => _outputs[index].Dims;

        public override ElementType Type(int index) => _outputs[index].Type;

        public override ReadOnlySpan<T> Values<T>(int index) => (T[])_outputs[index].Values;

        protected override void Dispose(bool disposing)
        {
            // It is asked for again.
        }
    }
}
