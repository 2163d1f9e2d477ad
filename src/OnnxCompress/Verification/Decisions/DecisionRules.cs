using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Verification.Decisions;

/// <summary>Makes what counts decisions of what rules say.</summary>
internal static class DecisionRules
{
    private const double AfterSigmoid = 0.5;

    /// <summary>One counter for each rule that decides.</summary>
    /// <param name="original">The reference.</param>
    /// <param name="options">The rules; labels go with the first of them.</param>
    /// <param name="numeric">Names of outputs that hold numbers.</param>
    /// <exception cref="OnnxCompressException">OCX7003: there is no such output; OCX7005: labels and a rule without classes.</exception>
    public static IReadOnlyList<OutputDecisions> For(OnnxModel original, VerificationOptions options, IReadOnlyList<string> numeric)
    {
        foreach (var named in options.Decisions.Select(rule => rule.Output).OfType<string>().Where(name => !numeric.Contains(name)))
        {
            throw new OnnxCompressException(
                DiagnosticCodes.OutputsDiffer,
                $"The model has no numeric output '{named}'; its outputs are {string.Join("; ", original.Outputs)}.");
        }

        var deciding = options.Decisions.Where(rule => rule.Decides && numeric.Count > 0).ToList();
        if (options.Labels is not null && deciding.Count > 0 && deciding[0].Kind is DecisionKind.Embedding or DecisionKind.Detection or DecisionKind.Ctc)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.LabelsMismatch, "Labels are classes: they do not go with --decision embedding, detection or ctc.");
        }

        return [.. deciding.Select((rule, i) => Of(original, rule, rule.Output ?? numeric[0], i == 0 ? options.Labels : null))];
    }

    private static OutputDecisions Of(OnnxModel original, DecisionRule rule, string output, IReadOnlyList<long>? labels) => rule.Kind switch
    {
        DecisionKind.Embedding => new EmbeddingDecisions(output),
        DecisionKind.Ctc => new CtcDecisions(output, rule.Blank ?? 0),
        DecisionKind.Detection => new DetectionDecisions(BoxReader.Find(original, rule.Output)),
        _ => new ClassDecisions(rule, output, rule.Threshold ?? (original.Graph.Producer(output)?.OpType == "Sigmoid" ? AfterSigmoid : 0), labels),
    };
}
