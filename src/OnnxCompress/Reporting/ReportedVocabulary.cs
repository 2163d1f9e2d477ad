namespace OnnxCompress.Reporting;

/// <summary>A looked-up table of which some rows went.</summary>
/// <param name="Table">Its name.</param>
/// <param name="Inputs">The inputs whose ids reach it.</param>
/// <param name="Kept">Rows that stayed.</param>
/// <param name="Of">Rows that it had.</param>
/// <param name="Parameters">Elements that went.</param>
/// <param name="Unknown">The row that stands in for those that went; null for that nearest to their mean.</param>
public sealed record ReportedVocabulary(string Table, IReadOnlyList<string> Inputs, int Kept, int Of, long Parameters, int? Unknown)
{
    /// <summary>Held-out samples; null where there are none.</summary>
    public int? HeldOut { get; init; }

    /// <summary>Held-out samples with ids whose rows went; null where there are none.</summary>
    public int? HeldOutUnmapped { get; init; }
}
