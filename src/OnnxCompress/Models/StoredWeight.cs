namespace OnnxCompress.Models;

/// <summary>A constant of the file that counts as parameters.</summary>
/// <param name="Name">Its name in the graph that it lies in.</param>
/// <param name="Elements">Logical elements: packed ones unpacked, of a sparse one those that are stored.</param>
/// <param name="Form">How they are stored.</param>
/// <param name="Inside">The node of the main graph whose branches, or the function whose nodes, it lies in; null for the main graph.</param>
/// <param name="Reader">A node that reads it.</param>
internal sealed record StoredWeight(string Name, long Elements, WeightForm Form, string? Inside, GraphNode Reader);
