namespace OnnxCompress.Verification;

/// <summary>How far one output moved, over all samples.</summary>
/// <param name="Name">The output.</param>
/// <param name="RelativeError"><c>||y - y'||_F / ||y||_F</c>, dimensionless; null when the original is all zeros and the other is not.</param>
/// <param name="Cosine">Cosine of the angle between the two; null when one is all zeros.</param>
/// <param name="SignalToNoiseDb">SQNR, <c>20 log10(||y|| / ||y - y'||)</c>; null when one of the norms is zero.</param>
public sealed record OutputDrift(string Name, double? RelativeError, double? Cosine, double? SignalToNoiseDb);
