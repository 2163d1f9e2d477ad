using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Verification;

namespace OnnxCompress.Search;

/// <summary>Judges compressed models on samples that neither statistics nor least squares have seen.</summary>
/// <param name="runtime">Where models run.</param>
/// <param name="original">The reference.</param>
/// <param name="samples">The samples.</param>
/// <param name="options">What a decision is.</param>
/// <param name="known">What the reference is known to make of samples.</param>
internal sealed class PlanJudge(IModelRuntime runtime, OnnxModel original, ISampleSource samples, VerificationOptions options, ReferenceOutputs known) : IPlanJudge
{
    /// <inheritdoc />
    public PlanScore Score(OnnxModel compressed, CancellationToken cancellation)
    {
        var result = new ModelVerifier(runtime) { Known = known }.Verify(original, compressed, samples, options, null, cancellation);
        // Where the outputs of both models are not to be held against each other, decisions alone count.
        var error = result.RelativeError ?? (result.Agreement is null ? double.PositiveInfinity : 0);
        return new PlanScore(result.Agreement, result.CautiousAgreement ?? result.Agreement, error, result.DecisionRisk ?? result.RelativeError ?? 1 - result.Agreement ?? error)
        {
            Decisions = result.DecisionRisk is null ? 0 : result.DistinctDecisions,
        };
    }
}
