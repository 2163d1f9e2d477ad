using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Reporting;
using OnnxCompress.Verification;

namespace OnnxCompress.Cli.Verbs;

/// <summary>Why a smaller model is not faster, in a sentence, and what to do.</summary>
internal static class SlowerResult
{
    /// <summary>Below this, starting operators is most of a run.</summary>
    private const double ShortRunMs = 0.05;

    /// <summary>Above this share of the operations, nothing that takes time went.</summary>
    private const double MostOperations = 0.97;

    /// <summary>The sentence; null for a result that is as fast as the original.</summary>
    public static Diagnostic? Of(CompressOutcome outcome)
    {
        if (outcome.Latency is not { Ratio: > 1 } latency)
        {
            return null;
        }

        var (why, cure) = Reason(outcome, latency);
        return new(DiagnosticCodes.ResultSlower, Severity.Information, $"The result takes {Figures.Percent(latency.Ratio)} of the original's time: {why}. {cure}");
    }

    private static (string Why, string Cure) Reason(CompressOutcome outcome, LatencyComparison latency)
    {
        var (result, splits) = (outcome.Result, outcome.Result.Sites.Count(s => s.Split is not null));
        var operations = result.Original.Macs == 0 ? 1 : (double)result.Compressed.Macs / result.Original.Macs;
        return result.Plan.Precision == NumberForm.Float16
                ? ("half floats become single ones before a processor computes with them", "Size is what is gained; --precision int8 makes it faster too.")
            : result.Precision.Any(layer => layer.Reason is null)
                ? ("layers in whole numbers that are thin, stand between layers in floating point, or multiply many rows by weights of 4 bits, take longer than in floating point", "--exclude leaves them out, and --precision float all; Where size is what is wanted, nothing has to be done.")
            : result.Sites.Count == 0
                ? ("nothing was removed, and both do the same work", "What is measured is noise; --keep-latency 0.8 makes a faster model by removing something.")
            : latency.OriginalMs < ShortRunMs
                ? ("a run is so short that most of it is starting operators", "Its size is what is gained; --methods id adds no operators.")
            : operations > MostOperations
                ? ($"{Figures.Percent(operations)} of its operations are left", "Ask for what takes time: --keep-macs or --keep-latency.")
            : splits > 0
                ? ($"{splits} {(splits == 1 ? "layer" : "layers")} became thin ones, which the runtime runs less well than wide ones", "--keep-latency 0.8 takes only splits that were measured to be faster, and --methods id splits no layer.")
                : ("the widths that stay are none that the runtime runs faster, or something else kept the machine busy", "--keep-latency 0.8 plans by measured time.");
    }
}
