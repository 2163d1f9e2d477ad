namespace OnnxCompress.Reporting;

/// <summary>A table that is looked up with the ids of inputs.</summary>
/// <param name="Table">Its name.</param>
/// <param name="Inputs">The inputs.</param>
/// <param name="Rows">Rows that it has; null where it keeps them.</param>
/// <param name="Parameters">Its parameters.</param>
/// <param name="Reason">Why its rows stay whatever is asked for; null where they may go.</param>
internal sealed record InspectedTable(string Table, IReadOnlyList<string> Inputs, int? Rows, long Parameters, string? Reason)
{
    /// <summary>A sentence.</summary>
    public string Sentence => Reason ?? $"'{Table}' has {Figures.Count(Rows ?? 0)} rows, {Figures.Count(Parameters)} parameters, looked up with {string.Join(", ", Inputs)}: --vocabulary used keeps those that the data use.";
}
