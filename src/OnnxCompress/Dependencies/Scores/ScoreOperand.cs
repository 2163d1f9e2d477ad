namespace OnnxCompress.Dependencies.Scores;

/// <summary>Queries or keys, seen from the layer that makes them.</summary>
/// <param name="Layer">The layer; nothing else makes or changes the columns.</param>
/// <param name="Places"><c>heads x size</c>, row-major: the layer's output of each column of each head.</param>
/// <param name="Biases">Constants that are added to them, each with the places of the same columns in it.</param>
/// <param name="Tensors">Activations from the operand back to the layer's output.</param>
/// <param name="Nodes">Names of the nodes that make them.</param>
internal sealed record ScoreOperand(
    LinearLayer Layer, int[] Places, IReadOnlyList<(string Constant, int[] Places)> Biases, IReadOnlyList<string> Tensors, IReadOnlyList<string> Nodes)
{
    /// <summary>The places of one head, in the layer or in a bias.</summary>
    public static int[] OfHead(int[] places, int head, int size) => places[(head * size)..((head + 1) * size)];
}
