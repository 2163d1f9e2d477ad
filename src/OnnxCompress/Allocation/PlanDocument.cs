using System.Text.Json.Serialization;

namespace OnnxCompress.Allocation;

/// <summary>The file form of a plan.</summary>
/// <param name="Schema">Version of the keys.</param>
/// <param name="Model">SHA-256 of the model it is for.</param>
/// <param name="Rule">How the budget was spread.</param>
/// <param name="Sites">What happens where.</param>
internal sealed record PlanDocument(int Schema, string? Model, string? Rule, PlanEntry?[]? Sites)
{
    /// <summary>Rewrites that change no output; left out when there are none.</summary>
    public string[]? Rewrites { get; init; }

    /// <summary>The numbers that layers are stored and run in; null, as in plans of earlier versions, for floating point.</summary>
    public string? Precision { get; init; }

    /// <summary>The numbers of layers that keep more bits, by name; null where all have the same.</summary>
    public SortedDictionary<string, string>? Wider { get; init; }

    /// <summary>Where the model will run; null, as in plans of earlier versions, for a processor.</summary>
    public string? Target { get; init; }

    /// <summary>Looked-up tables of which some rows stay; left out when there are none.</summary>
    public PlanTable?[]? Vocabulary { get; init; }

    /// <summary>What it was made with.</summary>
    public PlanOrigin? Origin { get; init; }
}

/// <summary>The file form of one site: channels, or the form and sizes of a split.</summary>
/// <param name="Site">Its name.</param>
/// <param name="Method">The method.</param>
internal sealed record PlanEntry(string? Site, string? Method)
{
    /// <summary>Whether the site is a residual stream, whose directions are listed; null for no.</summary>
    public bool? Turned { get; init; }

    public int[]? Kept { get; init; }

    public double[]? Factors { get; init; }

    public string? Form { get; init; }

    public int? Rank { get; init; }

    public int? Groups { get; init; }

    public int? InnerRank { get; init; }

    public int Of { get; init; }

    public double? Ridge { get; init; }

    public double? PredictedError { get; init; }

    public string? Reason { get; init; }
}

/// <summary>The file form of a table of which some rows stay.</summary>
/// <param name="Table">Its name.</param>
/// <param name="Inputs">The inputs whose ids reach it.</param>
/// <param name="Kept">The rows that stay, as ranges: <c>0-5,7,9-20</c>.</param>
/// <param name="Of">Rows that it has.</param>
internal sealed record PlanTable(string? Table, string?[]? Inputs, string? Kept, int Of)
{
    /// <summary>The row that stands in for others; left out where each gets the nearest.</summary>
    public int? Unknown { get; init; }
}

/// <summary>Serializers made at build time: no reflection, safe to trim.</summary>
[JsonSerializable(typeof(PlanDocument))]
internal sealed partial class PlanJsonContext : JsonSerializerContext;
