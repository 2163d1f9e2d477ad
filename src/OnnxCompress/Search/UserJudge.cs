using OnnxCompress.Models;
using OnnxCompress.Verification;

namespace OnnxCompress.Search;

/// <summary>Compares plans by what the user's own judge says of their models.</summary>
/// <param name="judge">The judge.</param>
internal sealed class UserJudge(IModelJudge judge) : IPlanJudge
{
    /// <inheritdoc />
    public PlanScore Score(OnnxModel compressed, CancellationToken cancellation)
    {
        var score = judge.Judge(compressed, cancellation).Score;
        // It knows its data: caution is its own.
        return new(score, score, Math.Abs(1 - score), 1 - score);
    }
}
