using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Scores;

/// <summary>
/// A node that sums products of queries and keys over the columns of a head. Scores are <c>S_q W_q W_k^T S_k^T</c>, so queries may be
/// multiplied with A and keys with B of each head wherever <c>A B^T = I</c>: in a basis that is ordered by what scores hold of it, the
/// last columns of all heads go.
/// </summary>
/// <param name="Node">The node.</param>
/// <param name="Columns">The columns that it sums over.</param>
/// <param name="Queries">The one operand.</param>
/// <param name="Keys">The other.</param>
/// <param name="TakesAnyShift">Whether nothing changes when a number is added to all scores of a query: a softmax over keys follows.</param>
internal sealed record ScoreProduct(GraphNode Node, IndexAxis Columns, ScoreOperand Queries, ScoreOperand Keys, bool TakesAnyShift)
{
    /// <summary>Whether attention stands in pieces: the runtime makes one node of them where queries, keys and values are equally wide.</summary>
    public bool IsInPieces => Node.OpType is "MatMul" or "FusedMatMul";

    /// <summary>For each head of keys the heads of queries that meet it.</summary>
    public IReadOnlyList<(int Key, int[] Queries)> Heads { get; init; } = [];
}
