using OnnxCompress.Selection;

namespace OnnxCompress;

/// <summary>What happened at one site.</summary>
/// <param name="Site">Its name.</param>
/// <param name="Method">The method that was used.</param>
/// <param name="Kept">Channels that stay.</param>
/// <param name="Of">Channels there were.</param>
/// <param name="Rank">Rank of a split layer; null when no layer was split.</param>
/// <param name="PredictedError">Relative error of the consumers' outputs from the statistics, before other sites changed.</param>
/// <param name="MeasuredError">Relative error of the consumers' outputs in the compressed network on calibration rows.</param>
public sealed record SiteOutcome(string Site, CompressionMethod Method, int Kept, int Of, int? Rank, double PredictedError, double MeasuredError);
