using System.Collections.Concurrent;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// Runs a piece of a network into memory of the store once the shapes of its outputs are known: inputs of the same shape
/// as before give outputs of the same shape, save where an operator makes shapes from values. Several threads may run different batches.
/// </summary>
/// <param name="session">The piece.</param>
/// <param name="outputs">Its outputs.</param>
/// <param name="store">Keeps them.</param>
/// <param name="batches">How many batches there are.</param>
internal sealed class PieceOutputs(IModelSession session, string[] outputs, ActivationStore store, int batches)
{
    private readonly ConcurrentDictionary<string, long[][]> _dims = new(StringComparer.Ordinal);
    private volatile bool _fits = session.Outputs.All(o => o.Type == ElementType.Float);

    /// <summary>Runs a batch, and keeps its outputs.</summary>
    /// <returns>Whether that was possible.</returns>
    public bool Run(HostTensor[] inputs, int batch, CancellationToken cancellation)
    {
        if (!_fits || !_dims.TryGetValue(Key(inputs), out var dims))
        {
            return false;
        }

        HostTensor[] results = [.. outputs.Select((name, i) => new HostTensor(
            name, ElementType.Float, dims[i], store.Rent(ElementType.Float, checked((int)dims[i].Aggregate(1L, (product, d) => product * d)))))];
        try
        {
            session.Run(inputs, results, cancellation);
        }
        catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.RunFailed)
        {
            // Another shape after all; if it was anything else, the plain run says so.
            _fits = false;
            return false;
        }

        foreach (var result in results)
        {
            store.Put(result.Name, batch, batches, result);
        }

        return true;
    }

    /// <summary>Learns from a plain run.</summary>
    public void Note(HostTensor[] inputs, RunResult result)
    {
        long[][] dims = [.. outputs.Select((_, i) => result.Dims(i).ToArray())];
        // The runtime takes no memory of length zero.
        if (dims.Any(d => d.Contains(0)))
        {
            _fits = false;
        }

        _dims[Key(inputs)] = dims;
    }

    private static string Key(HostTensor[] inputs) => string.Join(';', inputs.Select(i => string.Join(',', i.Dims)));
}
