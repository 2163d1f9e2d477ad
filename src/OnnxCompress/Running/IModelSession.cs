using OnnxCompress.Models;

namespace OnnxCompress.Running;

/// <summary>A loaded model that can be run. Several threads may run it at once where <see cref="RunsInCallingThread"/>, else one at a time.</summary>
public interface IModelSession : IDisposable
{
    /// <summary>The inputs that must be fed.</summary>
    IReadOnlyList<TensorInfo> Inputs { get; }

    /// <summary>The outputs that can be asked for.</summary>
    IReadOnlyList<TensorInfo> Outputs { get; }

    /// <summary>Whether all work of a run is done by the thread that asks for it, so that its processor time is the time of the run.</summary>
    bool RunsInCallingThread => false;

    /// <summary>Runs the model once.</summary>
    /// <param name="inputs">One tensor for each input; the arrays are read in place.</param>
    /// <param name="outputs">Names of the outputs to compute, in the order wanted.</param>
    /// <param name="cancellation">Stops the run between operators.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX3003: the runtime failed on these inputs.</exception>
    RunResult Run(IReadOnlyList<HostTensor> inputs, IReadOnlyList<string> outputs, CancellationToken cancellation);

    /// <summary>Runs the model once, into memory of the caller: nothing is copied.</summary>
    /// <param name="inputs">One tensor for each input; the arrays are read in place.</param>
    /// <param name="outputs">The outputs to compute, by name; their arrays are written in place. No 16-bit floats.</param>
    /// <param name="cancellation">Stops the run between operators.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX3003: the runtime failed on these inputs, or an output has another shape.</exception>
    void Run(IReadOnlyList<HostTensor> inputs, IReadOnlyList<HostTensor> outputs, CancellationToken cancellation);
}
