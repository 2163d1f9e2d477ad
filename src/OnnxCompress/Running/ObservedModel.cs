using OnnxCompress.Models;

namespace OnnxCompress.Running;

/// <summary>A model that gives back tensors from inside: how every stage looks into a network while it runs. As thread safe as its session.</summary>
internal sealed class ObservedModel : IDisposable
{
    private readonly IModelSession _session;

    /// <summary>Loads a copy of the model that has the tensors among its outputs.</summary>
    /// <param name="runtime">Where it runs.</param>
    /// <param name="model">The model; not changed.</param>
    /// <param name="tensors">What is looked at, each once: inner tensors, outputs or both.</param>
    /// <param name="settings">Threads and optimisation.</param>
    public ObservedModel(IModelRuntime runtime, OnnxModel model, IEnumerable<string> tensors, SessionSettings settings)
    {
        string[] wanted = [.. tensors];
        _session = runtime.Open(model.Observing(wanted), settings);
        var values = _session.Outputs.Where(o => o.Type != ElementType.Undefined).Select(o => o.Name).ToHashSet(StringComparer.Ordinal);
        Tensors = [.. wanted.Where(values.Contains)];
    }

    /// <summary>What a run gives back, in this order: what was asked for, but for sequences and maps, which have no values to look at.</summary>
    public IReadOnlyList<string> Tensors { get; }

    /// <summary>How many batches may run at once.</summary>
    /// <param name="wanted">What the session was opened for.</param>
    public int RunsOf(SideBySide wanted) => wanted.RunsOf(_session);

    /// <summary>Runs the model once.</summary>
    /// <param name="inputs">One tensor for each input; the arrays are read in place.</param>
    /// <param name="cancellation">Stops the run between operators.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX3003: the runtime failed on these inputs.</exception>
    public RunResult Run(IReadOnlyList<HostTensor> inputs, CancellationToken cancellation) => _session.Run(inputs, Tensors, cancellation);

    /// <inheritdoc />
    public void Dispose() => _session.Dispose();
}
