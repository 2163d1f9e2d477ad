namespace OnnxCompress.Models;

/// <summary>The order in which the nodes of a graph can run.</summary>
internal static class NodeOrder
{
    /// <summary>Kahn's algorithm that keeps the file's order wherever it is a valid one already.</summary>
    /// <param name="nodes">The nodes, in the order of the file.</param>
    /// <param name="producers">For each tensor, the node that makes it.</param>
    /// <returns>The nodes that can run; fewer than were given where some wait for their own output.</returns>
    public static List<GraphNode> Sort(GraphNode[] nodes, IReadOnlyDictionary<string, GraphNode> producers)
    {
        var (waitsFor, followers) = Waits(nodes, producers);
        var ready = new PriorityQueue<int, int>();
        for (var i = 0; i < nodes.Length; i++)
        {
            if (waitsFor[i] == 0)
            {
                ready.Enqueue(i, i);
            }
        }

        var sorted = new List<GraphNode>(nodes.Length);
        while (ready.TryDequeue(out var next, out _))
        {
            sorted.Add(nodes[next]);
            foreach (var follower in followers[next] ?? [])
            {
                if (--waitsFor[follower] == 0)
                {
                    ready.Enqueue(follower, follower);
                }
            }
        }

        return sorted;
    }

    /// <summary>How many tensors of others each node waits for, and which nodes wait for it.</summary>
    private static (int[] WaitsFor, List<int>?[] Followers) Waits(GraphNode[] nodes, IReadOnlyDictionary<string, GraphNode> producers)
    {
        var position = nodes.Select((node, index) => (node, index)).ToDictionary(p => p.node, p => p.index);
        var waitsFor = new int[nodes.Length];
        var followers = new List<int>?[nodes.Length];
        for (var i = 0; i < nodes.Length; i++)
        {
            foreach (var name in nodes[i].Inputs.Concat(nodes[i].CapturedNames()).Distinct(StringComparer.Ordinal))
            {
                if (producers.TryGetValue(name, out var producer))
                {
                    (followers[position[producer]] ??= []).Add(i);
                    waitsFor[i]++;
                }
            }
        }

        return (waitsFor, followers);
    }
}
