using System.Reflection;
using OnnxCompress.Reporting;
using OnnxCompress.Reporting.Shown;
using OnnxCompress.Samples;
using OnnxCompress.Verification;

namespace OnnxCompress;

/// <summary>Puts a result into the records of a report.</summary>
internal static class ResultReport
{
    private static readonly string Version =
        typeof(ResultReport).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0.0.0";

    /// <summary>The report; see <see cref="CompressionResult.ToReport"/>.</summary>
    public static CompressionReport Of(
        CompressionResult result, VerificationResult? verification, ISampleSource? samples, LatencyComparison? latency, int seed, ReportedPreprocessing? preprocessing) =>
        new()
        {
            Tool = Version,
            Seed = seed,
            Preprocessing = preprocessing,
            Model = new(Path.GetFileName(result.Model.SourcePath) ?? "", result.Model.SourceSha256),
            Original = new(result.Original.Parameters, result.Original.Macs, result.Original.Bytes, latency?.OriginalMs),
            Compressed = new(result.Compressed.Parameters, result.Compressed.Macs, result.Compressed.Bytes, latency?.CompressedMs),
            Verification = verification is null ? null : ReportedVerification.From(verification),
            NotVerified = verification is null ? ReportSentences.NotVerified : null,
            Latency = latency is null ? null : ReportedLatency.From(latency),
            Sites = [.. result.Sites.Select(Site)],
            Layers = [.. result.Layers.Select(l => new ReportedLayer(l.Layer, l.ErrorBefore, l.ErrorAfter, Stated(l.Ridge), l.UsesDrift))],
            Precision = result.Precision.Count == 0 ? null : new ReportedPrecision(
                result.Precision,
                result.KernelDifference is { } difference ? Stated(difference) : null)
            {
                WeightBits = result.WeightBits,
                Target = result.Plan.Target.ToString().ToLowerInvariant(),
            },
            Considered = [.. result.Considered.Select(Reported)],
            Vocabulary = [.. result.Vocabulary.Select(Reported)],
            Refused = [.. result.Refused.Select(refusal => new ReportedRefusal(refusal.Node, refusal.Code, refusal.Reason, refusal.Parameters))],
            Changed = [.. (verification?.Changed ?? []).Select(change => ReportedChange.From(change, samples))],
            Shown = verification is null ? [] : new ChangeGallery(samples, preprocessing).Of(verification),
            Diagnostics = [.. result.Diagnostics.Select(ReportedDiagnostic.From)],
            Timing = Timing(result),
        };

    private static ReportedSite Site(SiteOutcome site) => new(
        site.Site, MethodNames.Of(site.Method), site.Kept, site.Of, site.Rank, Stated(site.PredictedError), Stated(site.MeasuredError))
    {
        Split = site.Split is { } split ? MethodNames.Of(split) : null,
    };

    // What came before and after the stages is known to the caller alone.
    private static ReportedTiming Timing(CompressionResult result)
    {
        var times = result.Times;
        return new(
            ReadSeconds: 0,
            times.AnalyzeSeconds,
            times.CalibrateSeconds,
            times.SelectSeconds,
            times.AllocateSeconds,
            times.ReconstructSeconds,
            VerifySeconds: 0,
            times.AnalyzeSeconds + times.CalibrateSeconds + times.SelectSeconds + times.AllocateSeconds + times.ReconstructSeconds + times.CompareSeconds,
            times.PeakBytes.Values.DefaultIfEmpty().Max())
        {
            CompareSeconds = times.CompareSeconds,
            PeakBytes = times.PeakBytes,
            NodeTimingSeconds = times.NodeTimingSeconds,
            LimitReached = times.IsCutShort,
        };
    }

    /// <summary>A table of which some rows went.</summary>
    public static ReportedVocabulary Reported(VocabularyOutcome outcome) =>
        new(outcome.Rows.Table, outcome.Rows.Inputs, outcome.Rows.Kept.Count, outcome.Rows.Of, outcome.Parameters, outcome.Rows.Unknown)
        {
            HeldOut = outcome.HeldOut,
            HeldOutUnmapped = outcome.HeldOutUnmapped,
        };

    // JSON has no NaN: what cannot be stated is null.
    /// <summary>A form that was looked at.</summary>
    public static ReportedForm Reported(ConsideredForm form) => new(
        form.Form.ToString().ToLowerInvariant(), form.RemovesNothing, form.Bytes, form.Agreement, form.Error is { } error ? Stated(error) : null, form.TimeShare, form.Refused, form.Chosen)
    {
        Wider = form.Wider,
        Narrower = form.Narrower,
    };

    private static double? Stated(double error) => double.IsFinite(error) ? error : null;
}
