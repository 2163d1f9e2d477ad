using OnnxCompress.Models;
using OnnxCompress.Verification;

namespace OnnxCompress.Cli.Options;

/// <summary>What the command line says about decisions.</summary>
/// <param name="Said">The rules; none when the model is to say what its decisions are.</param>
/// <param name="Output">The output that decides; null: the first.</param>
/// <param name="Axis">The axis that classes lie on; null: by the shape.</param>
/// <param name="Mask">The input that marks positions; null: by its name.</param>
internal sealed record DecisionChoice(IReadOnlyList<DecisionRule> Said, string? Output, int? Axis, string? Mask)
{
    /// <summary>Whether nothing decides, so that drift is all there is to hold a result against.</summary>
    public bool IsDriftOnly => Said.Count > 0 && !Said.Any(rule => rule.Decides);

    /// <summary>Whether drift is held against a bound beside decisions.</summary>
    public bool HasDrift => Said.Any(rule => !rule.Decides);

    /// <summary>The rules for a model, and what is said about them: what was chosen, and how to say otherwise; null where the user chose.</summary>
    /// <param name="model">The original.</param>
    public (IReadOnlyList<DecisionRule> Rules, string? Remark) For(OnnxModel model)
    {
        if (Said.Count > 0)
        {
            return (Said, null);
        }

        var proposal = DecisionProposal.For(model, Output, Axis);
        return ([proposal.Rule], $"decisions: {proposal.Reason}; --decision says otherwise");
    }
}
