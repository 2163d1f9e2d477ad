using OnnxCompress.Forms;
using OnnxCompress.Vocabularies;

namespace OnnxCompress.Allocation;

/// <summary>What stays of a model: small, readable, without weights. Weights are solved for when it is applied.</summary>
/// <param name="ModelSha256">The model it was made for.</param>
/// <param name="Sites">Only sites that lose something, in the order of the model.</param>
public sealed record CompressionPlan(string ModelSha256, IReadOnlyList<SitePlan> Sites)
{
    /// <summary>How the budget was spread over the sites.</summary>
    public string Rule { get; init; } = "";

    /// <summary>Names of rewrites that change no output and are carried out last, because they were measured to be faster.</summary>
    public IReadOnlyList<string> Rewrites { get; init; } = [];

    /// <summary>The numbers that layers are stored and run in.</summary>
    public NumberForm Precision { get; init; } = NumberForm.Float;

    /// <summary>By name, layers of the compressed model that keep more bits than <see cref="Precision"/> has.</summary>
    public IReadOnlyDictionary<string, NumberForm> Wider { get; init; } = NothingWider;

    /// <summary>No layers that keep more bits.</summary>
    internal static IReadOnlyDictionary<string, NumberForm> NothingWider { get; } = new Dictionary<string, NumberForm>(StringComparer.Ordinal);

    /// <summary>The plan with further layers that keep more bits.</summary>
    /// <param name="wider">Their numbers, by name; of a layer that kept more before, the new ones count.</param>
    internal CompressionPlan Widened(IReadOnlyDictionary<string, NumberForm> wider) =>
        this with { Wider = Wider.Where(w => !wider.ContainsKey(w.Key)).Concat(wider).ToDictionary(w => w.Key, w => w.Value, StringComparer.Ordinal) };

    /// <summary>Where the model will run.</summary>
    public RunTarget Target { get; init; } = RunTarget.Cpu;

    /// <summary>Looked-up tables of which some rows stay; empty where all do.</summary>
    public IReadOnlyList<TableRows> Vocabulary { get; init; } = [];

    /// <summary>What it was made with and what came of it; null where that was not noted.</summary>
    public PlanOrigin? Origin { get; init; }

    /// <summary>Reads a plan that <see cref="Save"/> wrote.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX6002: the file holds no plan.</exception>
    public static CompressionPlan Load(string path) => PlanFile.Read(path);

    /// <summary>Writes the plan as JSON, whole or not at all.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Save(string path) => PlanFile.Write(path, this);

    /// <summary>The text that <see cref="Save"/> writes.</summary>
    public string ToText() => PlanFile.ToText(this);

    /// <summary>The plan as JSON.</summary>
    public string ToJson() => PlanFile.ToText(this);

    /// <summary>Whether everything in it is made from weights alone; ranges of activations in whole numbers are not.</summary>
    public bool NeedsNoData => Precision is NumberForm.Float or NumberForm.Float16 && Channels.All(c => c.Factors is not null)
        && Splits.All(s => s.Shape.Form is SplitForm.Plain or SplitForm.Alds or SplitForm.Spatial);

    /// <summary>The groups that lose channels.</summary>
    public IEnumerable<ChannelPlan> Channels => Sites.OfType<ChannelPlan>();

    /// <summary>The layers that become thin ones.</summary>
    public IEnumerable<SplitPlan> Splits => Sites.OfType<SplitPlan>();
}
