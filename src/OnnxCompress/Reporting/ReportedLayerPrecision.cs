namespace OnnxCompress.Reporting;

/// <summary>The numbers of one layer.</summary>
/// <param name="Layer">Its name.</param>
/// <param name="Form"><c>int8</c>, <c>int8-dynamic</c>, <c>int8-table</c>, <c>int4</c>, <c>int8-blocks</c>, <c>int4-table</c> or <c>float</c>.</param>
/// <param name="Parameters">Elements of its weight.</param>
/// <param name="Error">Relative error of its output on calibration rows that were not fitted; null where it was not measured.</param>
/// <param name="Reason">Why it stayed as it was; null for one that did not.</param>
public sealed record ReportedLayerPrecision(string Layer, string Form, long Parameters, double? Error, string? Reason);
