using System.Globalization;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Samples;
using OnnxCompress.Vocabularies;

namespace OnnxCompress;

/// <summary>Decides which rows of looked-up tables stay, before anything else is, and says afterwards what came of it.</summary>
/// <param name="Options">The user's, with the tables that are cut.</param>
/// <param name="Refused">Tables that keep all rows.</param>
internal sealed record VocabularyStage(CompressionOptions Options, IReadOnlyList<Refusal> Refused)
{
    /// <summary>Decides.</summary>
    /// <param name="model">The model as it was given.</param>
    /// <param name="samples">Statistics samples.</param>
    /// <param name="options">What the user said.</param>
    /// <param name="cancellation">Stops the run.</param>
    /// <exception cref="OnnxCompressException">OCX3031: the list does not go with the model; OCX6001: the plan does not.</exception>
    public static VocabularyStage Decide(OnnxModel model, ISampleSource samples, CompressionOptions options, CancellationToken cancellation)
    {
        if (options.Plan is { } plan)
        {
            return new(options with { Cuts = new VocabularyRows(model).Of(plan.Vocabulary, cancellation) }, []);
        }

        if (options.Vocabulary is not { } request)
        {
            return new(options, []);
        }

        var (cuts, refused) = new VocabularyRows(model).Of(request, samples, cancellation);
        return new(options with { Cuts = cuts }, refused);
    }

    /// <summary>A run with the tables that are cut, and its result with what became of them.</summary>
    /// <param name="run">The run.</param>
    /// <param name="model">The model as it was given.</param>
    /// <param name="guard">Held-out samples; null for none.</param>
    /// <param name="cancellation">Stops the run.</param>
    public CompressionResult Around(Func<CompressionOptions, CompressionResult> run, OnnxModel model, ISampleSource? guard, CancellationToken cancellation)
    {
        var result = UnsolvableNumbers.Explain(() => run(Options));
        var outcomes = Outcomes(model, guard, cancellation);
        return outcomes.Count + Refused.Count == 0 ? result : result with
        {
            Vocabulary = outcomes,
            Refused = [.. Refused, .. result.Refused],
            Diagnostics = [.. result.Diagnostics, .. Refused.Select(r => new Diagnostic(r.Code, Severity.Warning, r.Reason)), .. outcomes.Select(Warning).OfType<Diagnostic>()],
        };
    }

    /// <summary>What becomes of the tables.</summary>
    public IReadOnlyList<VocabularyOutcome> Outcomes(OnnxModel model, ISampleSource? guard, CancellationToken cancellation)
    {
        var unmapped = Options.Cuts.Count > 0 && guard is { Count: > 0 } ? new VocabularyRows(model).Unmapped(Options.Cuts, guard, cancellation) : null;
        return
        [
            .. Options.Cuts.Select((cut, i) => new VocabularyOutcome(cut.Rows, (cut.Table.Rows - cut.Rows.Kept.Count) * (cut.Table.Parameters / cut.Table.Rows))
            {
                HeldOut = unmapped is null ? null : guard!.Count,
                HeldOutUnmapped = unmapped?[i],
            }),
        ];
    }

    private static Diagnostic? Warning(VocabularyOutcome outcome) => outcome is not { HeldOutUnmapped: > 0 and var count, HeldOut: { } all } ? null : new(
        DiagnosticCodes.IdsUnmapped,
        Severity.Warning,
        string.Create(
            CultureInfo.InvariantCulture,
            $"{count} of {all} held-out samples ({100.0 * count / all:F1}%) hold ids whose rows of '{outcome.Rows.Table}' went; {Reporting.ReportSentences.StandIn(outcome.Rows)}."));
}
