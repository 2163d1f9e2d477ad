namespace OnnxCompress.Dependencies;

/// <summary>Multiply-accumulates of one node: a constant times the sizes of the axes that may shrink.</summary>
/// <param name="Node">Name of the node.</param>
/// <param name="Positions">Output positions times kernel size, and every axis that cannot shrink.</param>
/// <param name="Axes">Axes whose kept sizes multiply in.</param>
internal sealed record MacTerm(string Node, long Positions, IReadOnlyList<IndexAxis> Axes);
