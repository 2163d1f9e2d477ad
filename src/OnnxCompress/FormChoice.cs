using OnnxCompress.Forms;
using OnnxCompress.Samples;
using OnnxCompress.Search;

namespace OnnxCompress;

/// <summary>Whether numbers are left to the tool.</summary>
internal static class FormChoice
{
    /// <summary>
    /// Whether the tool compares forms: where that is said, and where nothing is said and bytes or time are to be saved, which numbers
    /// save most of. Parameters and operations are met in any numbers, a plan has chosen, and without samples to compare on nothing
    /// would hold a result to the decisions.
    /// </summary>
    public static bool IsLeft(CompressionOptions options, CompressionData data) => options.Plan is null && options.Precision switch
    {
        NumberForm.Auto => true,
        null => !options.IsDataFree && !options.RemovesNothing && data.Validation is { Count: > 0 } && data.Statistics is not RandomSampleSource && SavesNumbers(options),
        _ => false,
    };

    /// <summary>
    /// Whether layers that numbers of fewer bits ruin may keep more, where those numbers are asked for by name and nothing else changes: there
    /// is something to hold the result to, and no budget that asks for less.
    /// </summary>
    public static bool IsHeld(CompressionOptions options, CompressionData data) =>
        options is { Plan: null, RemovesNothing: true, Precision: NumberForm.Int8 or NumberForm.Int4, Budget.IsLimited: false, Goal: not null, IsDataFree: false }
        && data.Validation is { Count: > 0 } && data.Statistics is not RandomSampleSource;

    private static bool SavesNumbers(CompressionOptions options) => options.Budget.IsLimited
        ? options.Budget.KeepBytes is not null || options.Budget.KeepLatency is not null
        : options.Goal?.Objective is CompressionObjective.Latency or CompressionObjective.Bytes;
}
