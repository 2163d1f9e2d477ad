namespace OnnxCompress.Reporting;

/// <summary>Both models against labels.</summary>
/// <param name="Original">Share that the original gets right.</param>
/// <param name="Compressed">Share that the compressed model gets right.</param>
/// <param name="OnlyOriginal">Samples that only the original gets right.</param>
/// <param name="OnlyCompressed">Samples that only the compressed model gets right.</param>
/// <param name="McNemarP">Exact two-sided p-value of the paired difference.</param>
public sealed record ReportedAccuracy(double Original, double Compressed, long OnlyOriginal, long OnlyCompressed, double McNemarP);
