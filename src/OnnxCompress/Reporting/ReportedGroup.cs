namespace OnnxCompress.Reporting;

/// <summary>Channels that can only go together.</summary>
/// <param name="Name">The group's name.</param>
/// <param name="Channels">How many channels it has.</param>
/// <param name="Producers">Nodes that make the channels.</param>
/// <param name="Carried">Nodes that the channels pass through.</param>
/// <param name="Consumers">Nodes that mix the channels.</param>
internal sealed record ReportedGroup(
    string Name, int Channels, IReadOnlyList<string> Producers, IReadOnlyList<string> Carried, IReadOnlyList<string> Consumers);
