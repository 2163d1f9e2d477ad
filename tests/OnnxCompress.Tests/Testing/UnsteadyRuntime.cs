using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress.Tests.Testing;

/// <summary>ONNX Runtime on a machine that is busy at times: each session takes longer by a time of its own.</summary>
/// <param name="most">What a run takes longer at most.</param>
/// <param name="seed">Which sessions are slow.</param>
internal sealed class UnsteadyRuntime(TimeSpan most, int seed) : IModelRuntime
{
    private readonly Random _random = new(seed);
    private int _runs;

    public string Version => ModelRunner.Runtime.Version;

    /// <summary>Runs of all sessions.</summary>
    public int Runs => _runs;

    public IModelSession Open(OnnxModel model, SessionSettings settings) =>
        new Session(ModelRunner.Runtime.Open(model, settings), this, most * _random.NextDouble());

    private sealed class Session(IModelSession inner, UnsteadyRuntime owner, TimeSpan delay) : IModelSession
    {
        public IReadOnlyList<TensorInfo> Inputs => inner.Inputs;

        public IReadOnlyList<TensorInfo> Outputs => inner.Outputs;

        public RunResult Run(IReadOnlyList<HostTensor> inputs, IReadOnlyList<string> outputs, CancellationToken cancellation)
        {
            Wait(cancellation);
            return inner.Run(inputs, outputs, cancellation);
        }

        public void Run(IReadOnlyList<HostTensor> inputs, IReadOnlyList<HostTensor> outputs, CancellationToken cancellation)
        {
            Wait(cancellation);
            inner.Run(inputs, outputs, cancellation);
        }

        public void Dispose() => inner.Dispose();

        private void Wait(CancellationToken cancellation)
        {
            Interlocked.Increment(ref owner._runs);
            if (delay > TimeSpan.Zero)
            {
                cancellation.WaitHandle.WaitOne(delay);
            }
        }
    }
}
