namespace OnnxCompress.Reporting;

/// <summary>How far one output moved.</summary>
/// <param name="Name">The output.</param>
/// <param name="RelativeError"><c>||y - y'||_F / ||y||_F</c>; null when it cannot be stated.</param>
/// <param name="Cosine">Cosine of the angle between the two; null when it cannot be stated.</param>
/// <param name="SignalToNoiseDb">Signal to noise in decibels; null when the outputs are equal.</param>
public sealed record ReportedOutput(string Name, double? RelativeError, double? Cosine, double? SignalToNoiseDb);
