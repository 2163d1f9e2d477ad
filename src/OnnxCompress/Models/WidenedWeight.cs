namespace OnnxCompress.Models;

/// <summary>A weight that the file stores in another precision than it is used in.</summary>
/// <param name="Stored">Name of the stored constant.</param>
/// <param name="Cast">Name of the Cast behind it.</param>
/// <param name="Type">Type that it is stored in.</param>
/// <param name="Readers">Names of the nodes that read it.</param>
internal sealed record WidenedWeight(string Stored, string Cast, ElementType Type, IReadOnlyList<string> Readers);
