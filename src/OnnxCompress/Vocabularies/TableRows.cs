namespace OnnxCompress.Vocabularies;

/// <summary>The rows of a looked-up table that stay.</summary>
/// <param name="Table">Its name; tables that are looked up with the same indices keep the same rows.</param>
/// <param name="Inputs">The inputs whose ids reach it.</param>
/// <param name="Kept">Indices of the rows that stay, ascending.</param>
/// <param name="Of">Rows that the original has.</param>
public sealed record TableRows(string Table, IReadOnlyList<string> Inputs, IReadOnlyList<int> Kept, int Of)
{
    /// <summary>The row, one of <see cref="Kept"/>, that stands in for all that go; null: the one nearest to their mean.</summary>
    public int? Unknown { get; init; }
}
