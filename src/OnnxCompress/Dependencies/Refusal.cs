namespace OnnxCompress.Dependencies;

/// <summary>A part of the model that is left alone, and why.</summary>
/// <param name="Node">The layer whose weights stay.</param>
/// <param name="Code">One of the OCX2nnn codes.</param>
/// <param name="Reason">A sentence.</param>
/// <param name="Parameters">Parameters of the layer, none of which can go.</param>
public sealed record Refusal(string Node, string Code, string Reason, long Parameters);
