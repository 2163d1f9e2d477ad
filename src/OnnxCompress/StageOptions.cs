using OnnxCompress.Allocation;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Reconstruction;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Search;
using OnnxCompress.Selection;
using OnnxCompress.Timing;
using OnnxCompress.Verification;

namespace OnnxCompress;

/// <summary>What each stage is told, made from what the user said.</summary>
internal static class StageOptions
{
    private static readonly CompressionMethod[] DefaultMethods = [CompressionMethod.Interpolative, CompressionMethod.LowRank];

    /// <summary>This part of the memory that the user allows is for decompositions of layers, the rest for activations.</summary>
    private const int DecompositionShare = 4;

    private static readonly CompressionMethod[] DataFreeMethods = [CompressionMethod.Coreset, CompressionMethod.Interpolative, CompressionMethod.LowRank];

    /// <summary>Whether residual streams may be turned: their directions are those of data. A plan that was given says it itself.</summary>
    public static bool TurnsStreams(CompressionOptions options) => options.Plan is { } plan
        ? plan.Channels.Any(c => c.Method == CompressionMethod.LowRank)
        : !options.IsDataFree && Methods(options).Contains(CompressionMethod.LowRank);

    /// <summary>The methods that are used.</summary>
    public static IReadOnlyCollection<CompressionMethod> Methods(CompressionOptions options) =>
        options.Methods.Count > 0 ? options.Methods : options.IsDataFree ? DataFreeMethods : DefaultMethods;

    /// <summary>How weights are made: without data, those of the methods stay.</summary>
    public static ReconstructionMode Mode(CompressionOptions options) => options.IsDataFree ? ReconstructionMode.None : options.Reconstruction;

    /// <summary>Options of selection.</summary>
    /// <param name="options">What the user said.</param>
    /// <param name="measured">Widths that were measured; they count where no alignment is given.</param>
    public static SelectionOptions Selection(CompressionOptions options, LikedWidths? measured) => new(Methods(options))
    {
        Rule = options.Selection,
        Forms = Forms(options.Split, Mode(options)),
        Alignment = new WidthAlignment(options.Alignment, measured),
        KeepsScoresInPieces = options.Target == RunTarget.Cpu,
    };

    /// <summary>Whether layers are timed: a plan that stands needs no times.</summary>
    public static bool LimitsTime(CompressionOptions options) => options.Plan is null
        && (options.Budget.KeepLatency is not null || (!options.Budget.IsLimited && options.Goal?.Objective == Search.CompressionObjective.Latency));

    /// <summary>Options of timing.</summary>
    public static TimingOptions Timing(CompressionOptions options) => new(options.Threads, options.Alignment, options.CacheFolder, options.TimedBatch);

    /// <summary>Options of timing whole models beside each other.</summary>
    public static LatencyOptions Comparison(CompressionOptions options) => new() { Threads = options.Threads, Batch = options.TimedBatch };

    /// <summary>Options of allocation.</summary>
    /// <param name="options">What the user said.</param>
    /// <param name="isFitted">Whether least squares follows.</param>
    public static AllocationOptions Allocation(CompressionOptions options, bool isFitted) =>
        new(options.Seed, options.CoresetDraws ?? (options.IsDataFree ? 16 : 1), isFitted);

    /// <summary>Bytes of decompositions of layers that are remembered.</summary>
    public static long DecompositionBytes(CompressionOptions options) => options.MemoryBytes / DecompositionShare;

    /// <summary>Options of reconstruction.</summary>
    public static ReconstructionOptions Reconstruction(CompressionOptions options) =>
        new(options.Threads, options.BatchSize, options.Seed, options.MemoryBytes - ReferenceBytes(options) - DecompositionBytes(options)) { Mask = options.Mask };

    /// <summary>Of the memory for activations, what the original's outputs on validation and guard samples may take.</summary>
    public static long ReferenceBytes(CompressionOptions options) => options.MemoryBytes / 16;

    /// <summary>The numbers of the result: a plan that stands has decided.</summary>
    public static NumberForm Precision(CompressionOptions options) =>
        options.Plan?.Precision ?? (options.Precision is null or NumberForm.Auto ? NumberForm.Float : options.Precision.Value);

    /// <summary>Whether layers that the model has in whole numbers are taken up: they are written back in whole numbers.</summary>
    public static bool TakesUpWholeNumbers(CompressionOptions options) => Precision(options) is NumberForm.Int8 or NumberForm.Int4;

    /// <summary>Options with the plan that removes nothing, where that is asked for; it asks for no statistics.</summary>
    public static CompressionOptions WithPlan(CompressionOptions options, string model) => !options.RemovesNothing ? options : options with
    {
        Plan = new CompressionPlan(model, []) { Precision = Precision(options), Target = options.Target },
        IsDataFree = true,
    };

    /// <summary>Where the result will run: a plan that stands has decided.</summary>
    public static RunTarget Target(CompressionOptions options) => options.Plan?.Target ?? options.Target;

    /// <summary>Options of the comparison of plans.</summary>
    public static VerificationOptions Verification(CompressionOptions options) => new() { Decisions = options.Decisions, Mask = options.Mask, Threads = options.Threads };

    /// <summary>The input whose zeros mark positions that do not count; null for none.</summary>
    public static string? Mask(CompressionOptions options, OnnxModel model) => options.Mask ?? SampleMask.Find(model);

    /// <summary>What compares models with the original on validation samples; null without any.</summary>
    public static IPlanJudge? Judge(IModelRuntime runtime, OnnxModel original, CompressionData data, CompressionOptions options) =>
        Judge(runtime, original, (data.Validation, null), data.Reference, options);

    /// <summary>What has the last word, as the result is verified; null without guard samples.</summary>
    public static IPlanJudge? Guard(IModelRuntime runtime, OnnxModel original, CompressionData data, CompressionOptions options) =>
        Judge(runtime, original, (data.Guard, data.AreOfOneKind ? data.Validation : null), data.Reference, options);

    private static IPlanJudge? Judge(
        IModelRuntime runtime, OnnxModel original, (ISampleSource? Samples, ISampleSource? Beside) data, ReferenceOutputs known, CompressionOptions options) =>
        options.Judge is { } judge ? new UserJudge(judge)
            : data.Samples is { Count: > 0 } samples ? new PlanJudge(runtime, original, samples, Verification(options) with { Beside = data.Beside }, known) : null;

    /// <summary>
    /// The forms that are tried. Left to itself the tool takes, with data, the response form, whose stated error is exact,
    /// and columns and rows, whose error is put on the same scale; without data ALDS as published. Columns and rows are
    /// made from weights, so they count only where the whole network is fitted to the data afterwards. The input and
    /// Tucker-2 forms state surrogates for kernels above 1x1; put beside exact errors they win layers that they should lose.
    /// </summary>
    private static SplitForm[] Forms(SplitForm? asked, ReconstructionMode mode) => (asked, mode) switch
    {
        ({ } form, _) => [form],
        (_, ReconstructionMode.None) => [SplitForm.Alds],
        (_, ReconstructionMode.Local) => [SplitForm.Response],
        _ => [SplitForm.Response, SplitForm.Spatial],
    };
}
