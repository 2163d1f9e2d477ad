namespace OnnxCompress.Samples;

/// <summary>What makes samples the steps of sequences.</summary>
/// <param name="Links">Which outputs are fed back, and where.</param>
/// <param name="Starts">The samples that sequences begin with.</param>
internal sealed record Recurrence(IReadOnlyList<StateLink> Links, IReadOnlySet<int> Starts);
