using System.Text.Json.Serialization;
using OnnxCompress.Verification;

namespace OnnxCompress.Reporting;

/// <summary>What held-out samples say.</summary>
/// <param name="Samples">How many there were.</param>
/// <param name="Agreement">Share of equal decisions; null when nothing decides.</param>
/// <param name="AgreementLower95">One-sided 95% Clopper-Pearson lower bound on it; null when nothing decides.</param>
/// <param name="RelativeError">Of the deciding output, or of the worst one when nothing decides.</param>
/// <param name="Outputs">Every numeric output.</param>
/// <param name="Accuracy">Both models against labels; null without labels.</param>
public sealed record ReportedVerification(
    int Samples,
    double? Agreement,
    double? AgreementLower95,
    double? RelativeError,
    IReadOnlyList<ReportedOutput> Outputs,
    ReportedAccuracy? Accuracy)
{
    /// <summary>How many samples differ in what the models are fed; the bound counts these.</summary>
    public int DistinctSamples { get; init; } = Samples;

    /// <summary>Whether the original decided the same for all of them, so that agreement proves little.</summary>
    public bool OneDecision { get; init; }

    /// <summary>
    /// The agreement to expect of data that the network was not trained on, where these samples were; see
    /// <see cref="VerificationResult.CautiousAgreement"/>. Null when nothing decides.
    /// </summary>
    public double? CautiousAgreement { get; init; }

    /// <summary>See <see cref="VerificationResult.Folds"/>; null where one model answered all.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Folds { get; init; }

    /// <summary>What each rule says; where there are several, the agreement above is the least of theirs.</summary>
    public IReadOnlyList<ReportedDecision> Decisions { get; init; } = [];

    /// <summary>The result as it is reported.</summary>
    public static ReportedVerification From(VerificationResult result) => new(
        result.Samples,
        result.Agreement,
        result.AgreementLower95,
        result.RelativeError,
        [.. result.Outputs.Select(output => new ReportedOutput(output.Name, output.RelativeError, output.Cosine, output.SignalToNoiseDb))],
        result.Accuracy is { } accuracy
            ? new(accuracy.Original, accuracy.Compressed, accuracy.OnlyOriginal, accuracy.OnlyCompressed, accuracy.PValue)
            : null)
    {
        DistinctSamples = result.DistinctSamples,
        OneDecision = result.HasOneDecision,
        Folds = result.Folds,
        CautiousAgreement = result.CautiousAgreement,
        Decisions = [.. result.ByRule.Select(ReportedDecision.From)],
    };
}
