namespace OnnxCompress.Reporting;

/// <summary>Which model was compressed.</summary>
/// <param name="Source">The file's name, without its folder: reports are shared and committed.</param>
/// <param name="Sha256">SHA-256 of the file, lower-case hexadecimal.</param>
public sealed record ReportedModel(string Source, string Sha256);
