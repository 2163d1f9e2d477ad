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

    private static bool SavesNumbers(CompressionOptions options) => options.Budget.IsLimited
        ? options.Budget.KeepBytes is not null || options.Budget.KeepLatency is not null
        : options.Goal?.Objective is CompressionObjective.Latency or CompressionObjective.Bytes;
}
