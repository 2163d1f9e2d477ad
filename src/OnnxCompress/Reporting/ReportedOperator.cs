namespace OnnxCompress.Reporting;

/// <summary>How often an operator stands in a model.</summary>
/// <param name="Operator">The operator's type.</param>
/// <param name="Count">How many nodes have it.</param>
internal sealed record ReportedOperator(string Operator, int Count);
