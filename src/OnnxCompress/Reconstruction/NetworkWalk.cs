using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// Runs a network piece by piece over all batches: each node runs once, after the weights in front of it are final, and
/// what later pieces read is kept. The whole walk costs one pass over the data, whatever the number of pieces.
/// </summary>
/// <param name="runtime">Where the pieces run.</param>
/// <param name="model">The network; its weights may change in front of the walk.</param>
/// <param name="batches">The data.</param>
/// <param name="store">Keeps what lies between pieces.</param>
/// <param name="threads">Threads, which run batches side by side; 0 means all cores.</param>
internal sealed class NetworkWalk(IModelRuntime runtime, OnnxModel model, FoldBatches batches, ActivationStore store, int threads)
{
    // What a run of a piece takes is little beside what is kept between pieces.
    private readonly SideBySide _side = SideBySide.Of(threads, batches.Count, batches.Count);

    private readonly HashSet<string> _done = new(StringComparer.Ordinal);

    // Nodes that make what cannot be kept between two runs, sequences for instance: every piece that reads one makes it
    // again, from inputs that are kept for it.
    private readonly HashSet<string> _repeated = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unkept = new(StringComparer.Ordinal);

    /// <summary>Computes tensors, and keeps them.</summary>
    /// <param name="wanted">Names; model inputs are kept too.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    public void Advance(IReadOnlyCollection<string> wanted, CancellationToken cancellation)
    {
        KeepInputs(wanted);
        var piece = Piece(wanted);
        if (piece.Count > 0)
        {
            var made = piece.SelectMany(n => n.Outputs).Where(o => o.Length > 0).ToHashSet(StringComparer.Ordinal);
            _done.UnionWith(piece.Where(n => n.OpType != "Constant").Select(KeyOf).Where(key => !_repeated.Contains(key)));

            var reads = Reads(piece);
            var fromStore = reads.Where(r => !made.Contains(r) && store.Contains(r)).ToArray();
            var fromData = model.Inputs.Where(i => reads.Contains(i.Name) && !store.Contains(i.Name)).ToArray();
            // Of sizes that are stated the runtime's shape inference takes lengths of this operator as int64, which are int32.
            var statesSizes = !piece.Exists(n => n.OpType == "GroupQueryAttention");
            TensorInfo[] inputs = [.. fromStore.Select(name => Describe(name, statesSizes)), .. fromData];
            using var session = Open(piece, inputs, () => [.. made.Where(m => !IsConstant(m) && !store.Contains(m) && (wanted.Contains(m) || IsReadLater(m)))], out var outputs);
            if (session is not null)
            {
                Run(session, fromStore, fromData, outputs, cancellation);
            }
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

    /// <summary>A session that gives back all that later pieces read and that can be kept; null when there is nothing.</summary>
    private IModelSession? Open(List<GraphNode> piece, TensorInfo[] inputs, Func<string[]> wanted, out string[] outputs)
    {
        while (true)
        {
            outputs = wanted();
            if (outputs.Length == 0)
            {
                return null;
            }

            var session = runtime.Open(model.Extract(piece, inputs, outputs), _side.Settings);
            string[] unkept = [.. session.Outputs.Where(o => !CanBeKept(o.Type)).Select(o => o.Name)];
            if (unkept.Length == 0)
            {
                return session;
            }

            // What they read is read later, now: it becomes an output, if it can be kept in its turn.
            session.Dispose();
            _unkept.UnionWith(unkept);
            _repeated.UnionWith(unkept.Select(name => KeyOf(model.Graph.Producer(name)!)));
            _done.ExceptWith(_repeated);
        }
    }

    private static bool CanBeKept(ElementType type) => type is not (ElementType.Undefined or ElementType.Text or ElementType.BFloat16);

    private void Run(IModelSession session, string[] fromStore, TensorInfo[] fromData, string[] outputs, CancellationToken cancellation)
    {
        var into = new PieceOutputs(session, outputs, store, batches.Count);
        ParallelWork.For(batches.Count, _side.RunsOf(session), b =>
        {
            var data = fromData.Length == 0 ? [] : batches.Read(b).Where(t => fromData.Any(i => i.Name == t.Name));
            HostTensor[] stored = [.. fromStore.Select(name => store.Get(name, b))];
            HostTensor[] inputs = [.. stored, .. data];
            if (!into.Run(inputs, b, cancellation))
            {
                using var result = session.Run(inputs, outputs, cancellation);
                into.Note(inputs, result);
                for (var i = 0; i < outputs.Length; i++)
                {
                    store.Put(outputs[i], b, batches.Count, result, i);
                }
            }

            for (var i = 0; i < stored.Length; i++)
            {
                store.GiveBack(fromStore[i], b, stored[i]);
            }
        }, cancellation);
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

    private bool IsDone(GraphNode node) => node.OpType != "Constant" && _done.Contains(KeyOf(node));

    private static string KeyOf(GraphNode node) => node.Outputs.First(o => o.Length > 0);

    private bool IsConstant(string tensor) => model.Graph.Producer(tensor) is { OpType: "Constant" };

    private bool IsReadLater(string tensor) => !_unkept.Contains(tensor) && model.Graph.Uses(tensor).Any(u => !IsDone(u.Node));

    /// <summary>What a kept tensor looks like; axes that differ between batches are dynamic.</summary>
    private TensorInfo Describe(string tensor, bool statesSizes)
    {
        var shapes = store.Shapes(tensor).ToArray();
        return new TensorInfo(
            tensor, store.TypeOf(tensor), [.. shapes[0].Select((d, axis) => new Dimension(statesSizes && shapes.All(s => s[axis] == d) ? d : null))]);
    }
}
