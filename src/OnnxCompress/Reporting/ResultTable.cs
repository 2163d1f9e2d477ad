namespace OnnxCompress.Reporting;

/// <summary>A table as plain text, for whoever draws it: a terminal, a log, a page.</summary>
/// <param name="Title">What the table shows; empty for none.</param>
/// <param name="Columns">Headings.</param>
/// <param name="Rows">Cells, as many in each row as there are columns.</param>
internal sealed record ResultTable(string Title, IReadOnlyList<ResultColumn> Columns, IReadOnlyList<IReadOnlyList<string>> Rows);
