namespace OnnxCompress.Models;

/// <summary>One place where a tensor is read.</summary>
/// <param name="Node">The reader.</param>
/// <param name="Index">Which of its inputs, or <see cref="Captured"/>.</param>
internal readonly record struct TensorUse(GraphNode Node, int Index)
{
    /// <summary>The tensor is read by a subgraph of the node.</summary>
    public const int Captured = -1;
}
