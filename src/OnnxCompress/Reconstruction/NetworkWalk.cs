using OnnxCompress.Calibration;
using OnnxCompress.Models;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// Runs a network piece by piece over all batches: each node runs once, after the weights in front of it are final, and
/// what later pieces read is kept. The whole walk costs one pass over the data, whatever the number of pieces.
/// </summary>
/// <param name="runtime">Where the pieces run.</param>
/// <param name="model">The network; its weights may change in front of the walk.</param>
/// <param name="batches">The data.</param>
/// <param name="store">Keeps what lies between pieces.</param>
/// <param name="threads">Threads of the runtime.</param>
internal sealed class NetworkWalk(IModelRuntime runtime, OnnxModel model, FoldBatches batches, ActivationStore store, int threads)
{
    private readonly HashSet<string> _done = new(StringComparer.Ordinal);

    /// <summary>Computes tensors, and keeps them.</summary>
    /// <param name="wanted">Names; model inputs are kept too.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    /// <exception cref="NotSupportedException">A sequence or a text would have to be kept.</exception>
    public void Advance(IReadOnlyCollection<string> wanted, CancellationToken cancellation)
    {
        KeepInputs(wanted);
        var piece = Piece(wanted);
        if (piece.Count > 0)
        {
            var made = piece.SelectMany(n => n.Outputs).Where(o => o.Length > 0).ToHashSet(StringComparer.Ordinal);
            foreach (var node in piece.Where(n => n.OpType != "Constant"))
            {
                _done.Add(node.Outputs.First(o => o.Length > 0));
            }

            var fromStore = Reads(piece).Where(r => !made.Contains(r) && store.Contains(r)).ToArray();
            var fromData = model.Inputs.Where(i => Reads(piece).Contains(i.Name) && !store.Contains(i.Name)).ToArray();
            string[] outputs = [.. made.Where(m => !IsConstant(m) && (wanted.Contains(m) || IsReadLater(m)))];
            var part = model.Extract(piece, [.. fromStore.Select(Describe), .. fromData], outputs);
            Run(part, fromStore, fromData, outputs, cancellation);
        }

        Drop(tensor => !wanted.Contains(tensor) && !IsReadLater(tensor));
    }

    /// <summary>Gives up all that is kept.</summary>
    public void End() => Drop(_ => true);

    private void Drop(Func<string, bool> isDone)
    {
        foreach (var tensor in store.Names.Where(n => !n.StartsWith(OriginalOutputs.RowsPrefix, StringComparison.Ordinal) && isDone(n)).ToArray())
        {
            store.Drop(tensor);
        }
    }

    /// <summary>A layer may read an input of the model.</summary>
    private void KeepInputs(IReadOnlyCollection<string> wanted)
    {
        foreach (var input in model.Inputs.Where(i => wanted.Contains(i.Name) && !store.Contains(i.Name)))
        {
            for (var b = 0; b < batches.Count; b++)
            {
                var values = batches.Read(b).First(t => t.Name == input.Name);
                store.Put(input.Name, b, batches.Count, new HostTensor(values.Name, values.Type, values.Dims, (Array)values.Values.Clone()));
            }
        }
    }

    private void Run(OnnxModel part, string[] fromStore, TensorInfo[] fromData, string[] outputs, CancellationToken cancellation)
    {
        using var session = runtime.Open(part, new SessionSettings(threads, Spin: false));
        if (session.Outputs.FirstOrDefault(o => o.Type is ElementType.Undefined or ElementType.Text or ElementType.BFloat16) is { } unusual)
        {
            throw new NotSupportedException($"'{unusual.Name}' is {unusual.Type}, which cannot be kept between two runs.");
        }

        var into = new PieceOutputs(session, outputs, store, batches.Count);
        for (var b = 0; b < batches.Count; b++)
        {
            cancellation.ThrowIfCancellationRequested();
            var data = fromData.Length == 0 ? [] : batches.Read(b).Where(t => fromData.Any(i => i.Name == t.Name));
            HostTensor[] inputs = [.. fromStore.Select(name => store.Get(name, b)), .. data];
            if (!into.Run(inputs, b, cancellation))
            {
                using var result = session.Run(inputs, outputs, cancellation);
                into.Note(inputs, result);
                for (var i = 0; i < outputs.Length; i++)
                {
                    store.Put(outputs[i], b, batches.Count, result, i);
                }
            }
        }
    }

    /// <summary>The nodes that are still needed for some tensors, in order.</summary>
    private List<GraphNode> Piece(IEnumerable<string> wanted)
    {
        var needed = new HashSet<string>(wanted.Where(w => !store.Contains(w)), StringComparer.Ordinal);
        var piece = new List<GraphNode>();
        foreach (var node in model.Graph.Nodes.Reverse())
        {
            if (node.Outputs.Any(o => needed.Contains(o) && !store.Contains(o)) && !IsDone(node))
            {
                piece.Add(node);
                needed.UnionWith(node.Inputs);
                needed.UnionWith(node.CapturedNames());
            }
        }

        piece.Reverse();
        return piece;
    }

    private static HashSet<string> Reads(IEnumerable<GraphNode> nodes) =>
        nodes.SelectMany(n => n.Inputs.Concat(n.CapturedNames())).Where(n => n.Length > 0).ToHashSet(StringComparer.Ordinal);

    private bool IsDone(GraphNode node) => node.OpType != "Constant" && _done.Contains(node.Outputs.First(o => o.Length > 0));

    private bool IsConstant(string tensor) => model.Graph.Producer(tensor) is { OpType: "Constant" };

    private bool IsReadLater(string tensor) => model.Graph.Uses(tensor).Any(u => !IsDone(u.Node));

    /// <summary>What a kept tensor looks like; axes that differ between batches are dynamic.</summary>
    private TensorInfo Describe(string tensor)
    {
        var shapes = store.Shapes(tensor).ToArray();
        return new TensorInfo(
            tensor, store.TypeOf(tensor), [.. shapes[0].Select((d, axis) => new Dimension(shapes.All(s => s[axis] == d) ? d : null))]);
    }
}
