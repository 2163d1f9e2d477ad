
namespace OnnxCompress.Running;

/// <summary>Looks at tensors of the network while statistics are taken, so that the data need not run through it once more.</summary>
internal interface IRunObserver
{
    /// <summary>What it looks at.</summary>
    IReadOnlyList<string> Tensors { get; }

    /// <summary>Looks at one batch; several threads may show different ones.</summary>
    /// <param name="run">The run.</param>
    /// <param name="first">Where in it <see cref="Tensors"/> begin.</param>
    /// <param name="batch">Which batch, in the order in which they run.</param>
    /// <param name="threads">Threads for this batch alone; 0 means all cores.</param>
    /// <param name="cancellation">Stops the work.</param>
    void Take(RunResult run, int first, int batch, int threads, CancellationToken cancellation);
}
