using OnnxCompress.Verification;

namespace OnnxCompress.Cli.Verbs;

/// <summary>What a compression came to, before anything is written.</summary>
/// <param name="Result">The model, its plan and cost.</param>
/// <param name="Verification">What held-out samples say; null when there are none.</param>
/// <param name="RandomInputs">What made-up samples say; null when there are data.</param>
/// <param name="Latency">Time of both models; null where the result will run elsewhere.</param>
/// <param name="VerifySeconds">How long verification and timing took.</param>
internal sealed record CompressOutcome(
    CompressionResult Result, VerificationResult? Verification, VerificationResult? RandomInputs, LatencyComparison? Latency, double VerifySeconds)
{
    /// <summary>What the user's judge says of the result; null without one.</summary>
    public JudgeScore? Judged { get; init; }
}
