using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Forms;
using OnnxCompress.Reconstruction;
using OnnxCompress.Samples;
using OnnxCompress.Search;
using OnnxCompress.Selection;
using OnnxCompress.Verification;
using OnnxCompress.Vocabularies;

namespace OnnxCompress;

/// <summary>What a compression should reach and how; the defaults are those of the command line.</summary>
public sealed record CompressionOptions
{
    /// <summary>What the result may cost, as shares of the original.</summary>
    public Budget Budget { get; init; } = Budget.None;

    /// <summary>What the smallest model must keep; only without a budget.</summary>
    public CompressionGoal? Goal { get; init; }

    /// <summary>What a decision is, for each output that decides, where plans are compared.</summary>
    public IReadOnlyList<DecisionRule> Decisions { get; init; } = [DecisionRule.ArgMax];

    /// <summary>See <see cref="VerificationOptions.Mask"/>.</summary>
    public string? Mask { get; init; }

    /// <summary>The user's own measure, by which plans are compared in place of decisions; null: decisions.</summary>
    public IModelJudge? Judge { get; init; }

    /// <summary>A plan to carry out in place of searching for one.</summary>
    public CompressionPlan? Plan { get; init; }

    /// <summary>The methods that may be used; empty means all that apply.</summary>
    public IReadOnlyList<CompressionMethod> Methods { get; init; } = [];

    /// <summary>
    /// Whether nothing is removed: the model is only rewritten into a form that computes the same and runs at least as fast.
    /// Methods are not used then.
    /// </summary>
    public bool RemovesNothing { get; init; }

    /// <summary>How interpolative decomposition chooses the channels that stay.</summary>
    public ChannelSelection Selection { get; init; } = ChannelSelection.Target;

    /// <summary>The form of low-rank splits; null picks for each layer.</summary>
    public SplitForm? Split { get; init; }

    /// <summary>How weights are made once the plan stands.</summary>
    public ReconstructionMode Reconstruction { get; init; } = ReconstructionMode.Sequential;

    /// <summary>
    /// The numbers that layers are stored and run in; those of <see cref="Plan"/> where there is one. Null: <see cref="NumberForm.Auto"/>
    /// where bytes or time are made small and there are validation samples, else <see cref="NumberForm.Float"/>.
    /// </summary>
    public NumberForm? Precision { get; init; }

    /// <summary>Where the model will run; that of <see cref="Plan"/> where there is one.</summary>
    public RunTarget Target { get; init; } = RunTarget.Cpu;

    /// <summary>Kept widths are multiples of this; null asks the table for this CPU.</summary>
    public int? Alignment { get; init; }

    /// <summary>Folder that keeps statistics and times of nodes between runs; null: nothing is kept.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>
    /// Models that may be carried out and compared for one budget: the rules first, then moves of the budget between sites.
    /// Null: the rules. A number, not a time: the same data give the same plan on a slow machine.
    /// </summary>
    public int? Trials { get; init; }

    /// <summary>
    /// How long it may take to find a model, counted from the call: the best that was found by then is the result, and
    /// <see cref="CompressionResult.Diagnostics"/> say so. The proof of it comes after. Null: as long as it takes.
    /// </summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>Globs over node names: only channel groups with a matching producer are touched; empty means all.</summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>Globs over node names: channel groups with a matching producer are left alone.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Seed of every random choice.</summary>
    public int Seed { get; init; }

    /// <summary>Threads for the runtime and the linear algebra; 0 means all cores.</summary>
    public int Threads { get; init; }

    /// <summary>Samples in a run where time is measured, unless the model fixes another number.</summary>
    public int TimedBatch { get; init; } = 1;

    /// <summary>Bytes of activations that reconstruction keeps in memory; more go to temporary files.</summary>
    public long MemoryBytes { get; init; } = 256 << 20;

    /// <summary>Statistics taken before, at the places the methods need; null: they are taken from the samples.</summary>
    public CalibrationStatistics? Statistics { get; init; }

    /// <summary>
    /// Changed copies of pictures that statistics and weights are made from beside the pictures, one of each picture for each change;
    /// nothing is compared or proven on them.
    /// </summary>
    public IReadOnlyList<Augmentation> Augmentations { get; init; } = [];

    /// <summary>
    /// Which rows of tables that are looked up with fed ids stay, where <see cref="Plan"/> does not say it; null: all. Other ids are
    /// answered with the row of a stand-in.
    /// </summary>
    public VocabularyRequest? Vocabulary { get; init; }

    /// <summary>The tables that are cut, once that is decided.</summary>
    internal IReadOnlyList<CutTable> Cuts { get; init; } = [];

    /// <summary>Samples that one calibration batch holds.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>
    /// Whether there are no data: then samples serve for shapes only, methods see white inputs in place of statistics, and
    /// weights are those of the methods.
    /// </summary>
    public bool IsDataFree { get; init; }

    /// <summary>
    /// Coresets that are drawn for each group of channels, of which the one with the smallest error by weights alone is
    /// taken: 1 as published; more favour what that error can see. Null: 1 with data, 16 without.
    /// </summary>
    public int? CoresetDraws { get; init; }
}
