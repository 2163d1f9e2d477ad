namespace OnnxCompress.Dependencies;

/// <summary>Why channels cannot be removed.</summary>
/// <param name="Code">One of the OCX2nnn codes.</param>
/// <param name="Node">The node, input or output that holds them.</param>
/// <param name="Sentence">What a person reads.</param>
internal sealed record PinReason(string Code, string Node, string Sentence);
