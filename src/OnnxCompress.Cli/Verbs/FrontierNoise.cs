using OnnxCompress.Reporting;
using OnnxCompress.Verification;

namespace OnnxCompress.Cli.Verbs;

/// <summary>What a number of samples and a busy machine can tell apart of explored models, and what not.</summary>
internal static class FrontierNoise
{
    // 95% of differences between two shares that are the same.
    private const double Deviations = 1.96;

    // Pairs of runs are not measured more finely on a machine that does other things too.
    private const double LatencyTolerance = 0.05;

    /// <summary>Puts bounds and marks on the models.</summary>
    /// <param name="points">In numbers of one form after the other, each from the largest to the smallest.</param>
    /// <param name="originalMs">The original's time; null when not measured.</param>
    /// <param name="samples">What they were scored on.</param>
    public static IReadOnlyList<ReportedFrontierPoint> Mark(IReadOnlyList<ReportedFrontierPoint> points, double? originalMs, int samples) =>
        samples == 0 ? points : [.. points.Select((point, i) => point with
        {
            AgreementLower95 = point.Agreement is { } share ? BinomialBound.Lower95((long)Math.Round(share * samples), samples) : null,
            // The largest model stands beside the original, which agrees with itself.
            IsAgreementNoise = point.Agreement is { } one && (i == 0 || points[i - 1].Form != point.Form ? 1 : points[i - 1].Agreement) is { } other && MayBeChance(one, other, samples),
            IsLatencyNoise = point.LatencyMs is { } time && originalMs is { } original && Math.Abs((time / original) - 1) <= LatencyTolerance,
            IsBeaten = points.Any(other => Beats(other, point)),
        })];

    private static bool Beats(ReportedFrontierPoint other, ReportedFrontierPoint point) =>
        other.Bytes < point.Bytes && !(other.LatencyMs > (1 + LatencyTolerance) * point.LatencyMs)
        && (point.Agreement is { } kept ? other.Agreement >= kept : other.RelativeError <= point.RelativeError);

    // As if the samples were others for each model: they are the same, so that less of it is chance than is said here. One sample
    // more or less is always allowed for: a share of exactly 1 has no spread of its own.
    private static bool MayBeChance(double one, double other, int samples) =>
        Math.Abs(one - other) <= Math.Max(1.0 / samples, Deviations * Math.Sqrt(((one * (1 - one)) + (other * (1 - other))) / samples)) + 1e-12;
}
