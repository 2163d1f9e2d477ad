using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Verification;

/// <summary>
/// What originals make of samples. Each runs once however many models are held against it, as far as memory goes; what is beyond runs
/// again each time. Whoever has the data may compress several models with them, also side by side.
/// </summary>
internal sealed class ReferenceOutputs
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(OnnxModel Original, string Outputs, ISampleSource Samples, int First, int Count), Kept> _kept = [];
    private long _held;

    /// <summary>Bytes of outputs that are kept.</summary>
    public long Limit { get; set; } = 32 << 20;

    /// <summary>The outputs of a batch.</summary>
    /// <param name="original">The original; does not change.</param>
    /// <param name="samples">Where the batch is from.</param>
    /// <param name="indices">Its samples.</param>
    /// <param name="outputs">Names of the outputs.</param>
    /// <param name="run">Runs the original.</param>
    public RunResult Of(OnnxModel original, ISampleSource samples, int[] indices, IReadOnlyList<string> outputs, Func<RunResult> run)
    {
        var key = (original, string.Join('\0', outputs), samples, indices[0], indices.Length);
        lock (_gate)
        {
            if (_kept.TryGetValue(key, out var kept) && kept.Indices.AsSpan().SequenceEqual(indices))
            {
                return kept;
            }
        }

        var made = run();
        var bytes = Enumerable.Range(0, outputs.Count).Sum(i => (long)made.Bytes(i).Length);
        lock (_gate)
        {
            if (_held + bytes <= Limit && !_kept.ContainsKey(key))
            {
                _held += bytes;
                _kept[key] = new Kept(indices, made, outputs.Count);
            }
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
