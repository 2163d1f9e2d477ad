using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress.Tests.Testing;

/// <summary>ONNX Runtime on a machine on which a model takes as long as is said of it, whatever else runs.</summary>
/// <param name="time">How long a run of a model takes.</param>
internal sealed class PacedRuntime(Func<OnnxModel, TimeSpan> time) : IModelRuntime
{
    public string Version => ModelRunner.Runtime.Version;

    public IModelSession Open(OnnxModel model, SessionSettings settings) => new Session(ModelRunner.Runtime.Open(model, settings), time(model));

    private sealed class Session(IModelSession inner, TimeSpan time) : IModelSession
    {
        public IReadOnlyList<TensorInfo> Inputs => inner.Inputs;

        public IReadOnlyList<TensorInfo> Outputs => inner.Outputs;

        public RunResult Run(IReadOnlyList<HostTensor> inputs, IReadOnlyList<string> outputs, CancellationToken cancellation)
        {
            var until = Until();
            var result = inner.Run(inputs, outputs, cancellation);
            Wait(until);
            return result;
        }

        public void Run(IReadOnlyList<HostTensor> inputs, IReadOnlyList<HostTensor> outputs, CancellationToken cancellation)
        {
            var until = Until();
            inner.Run(inputs, outputs, cancellation);
            Wait(until);
        }

        public void Dispose() => inner.Dispose();

        private long Until() => System.Diagnostics.Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * System.Diagnostics.Stopwatch.Frequency);

        // Waiting for less than a millisecond would take one and more.
        private static void Wait(long until)
        {
            while (System.Diagnostics.Stopwatch.GetTimestamp() < until)
            {
                Thread.SpinWait(20);
            }
        }
    }
}
