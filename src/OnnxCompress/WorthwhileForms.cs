using System.Globalization;
using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Precision;
using OnnxCompress.Rewriting;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Search;
using OnnxCompress.Timing;
using OnnxCompress.Verification;

namespace OnnxCompress;

/// <summary>
/// Finds the rewrites that change no output and make a model faster on this machine: each is timed beside the model as it is. What
/// was measured is kept with the times of nodes, so that another run decides the same.
/// </summary>
/// <param name="runtime">Where models run.</param>
/// <param name="options">Samples in a run, and where times are kept.</param>
/// <param name="quantizer">Puts models into the numbers that they are timed in; null where they keep theirs.</param>
internal sealed class WorthwhileForms(IModelRuntime runtime, CompressionOptions options, ModelQuantizer? quantizer)
{
    /// <summary>A smaller gain is not told from chance, which must not decide what bytes a run writes; and a rewrite costs some weights.</summary>
    private const double Clear = 0.97;

    /// <summary>In bytes, where layers take a fraction of the time, what is left between them weighs more: there a smaller gain is looked at for longer.</summary>
    private const double ClearInBytes = 0.985;

    /// <summary>Seconds that tell most forms: those that stand further than this from being worth it. Others are looked at longer.</summary>
    private const double Glance = 0.2, Near = 0.025, Look = 1, LookInBytes = 3;

    /// <summary>Of longer runs a glance holds too few.</summary>
    private const double GlancedMs = 2;

    private double Bound => quantizer is null ? Clear : ClearInBytes;

    /// <summary>Whatever the number of threads, a run decides the same.</summary>
    private const int Threads = 1;

    /// <summary>
    /// Their names for what the user said: none where a plan that stands says what it ends with, for half floats, and for numbers of other
    /// machines, of which nothing is known.
    /// </summary>
    /// <param name="tools">What models run with.</param>
    /// <param name="prepared">The model.</param>
    /// <param name="samples">The first of them is run.</param>
    /// <param name="options">What the user said.</param>
    /// <param name="cancellation">Stops between runs.</param>
    public static IReadOnlyList<string> Of(PipelineTools tools, PreparedModel prepared, ISampleSource samples, CompressionOptions options, CancellationToken cancellation)
    {
        var form = StageOptions.Precision(options);
        var isKnown = form == NumberForm.Float || (form != NumberForm.Float16 && StageOptions.Target(options) == RunTarget.Cpu);
        return !isKnown || (options.Plan is not null && !options.RemovesNothing) ? []
            : new WorthwhileForms(tools.Runtime, options, Quantizers.Of(tools, prepared, samples, options, cancellation)).Of(prepared, samples, cancellation);
    }

    /// <summary>Their names, in the order in which they are carried out.</summary>
    /// <param name="prepared">The model.</param>
    /// <param name="samples">The first of them is run.</param>
    /// <param name="cancellation">Stops between runs.</param>
    public IReadOnlyList<string> Of(PreparedModel prepared, ISampleSource samples, CancellationToken cancellation)
    {
        var shrinkage = new Shrinkage(prepared.Model.Graph, prepared.Analysis.Relations, null);
        string[] open = [.. (quantizer is null ? FasterForms.Names : FasterForms.NamesInBytes).Where(name => FasterForms.HaveWork([name], prepared.Model.Graph, shrinkage))];
        if (open.Length == 0)
        {
            return [];
        }

        var cache = NodeTimeCache.Open(options.CacheFolder, runtime.Version, Threads);
        string[] faster = [.. open.Where(name => Share(name, prepared.Model, shrinkage, samples, cache, cancellation) < Bound)];
        cache.Keep();
        return faster;
    }

    private double Share(string name, OnnxModel model, Shrinkage shrinkage, ISampleSource samples, NodeTimeCache cache, CancellationToken cancellation)
    {
        var numbers = quantizer is null ? "" : $" in {StageOptions.Precision(options)}";
        var key = string.Create(CultureInfo.InvariantCulture, $"share of {name} in {model.SourceSha256}{numbers}, batch {options.TimedBatch}");
        if (cache.Find(key) is { } known)
        {
            return known;
        }

        var rewritten = model.Clone();
        FasterForms.CarryOut([name], rewritten.Graph, shrinkage);
        OnnxModel Stored(OnnxModel made, bool padsInputs) => quantizer?.With(new Dictionary<string, NumberForm>(), padsInputs).Outline(made, cancellation).Narrowed().AsStored() ?? made;
        var (before, after) = (Stored(model, false), Stored(rewritten, FasterForms.PadInputs([name])));
        LatencyComparison Timed(double seconds) => new LatencyComparer(runtime).Compare(
            before, after, samples, StageOptions.Comparison(options) with { Threads = Threads, MinimumRounds = 15, Time = TimeSpan.FromSeconds(seconds) }, null, cancellation);
        var seen = Timed(Glance);
        // In bytes the finer bound would be chance for a run this short.
        var share = quantizer is not null && seen.OriginalMs < LatencyCalibration.ShortRunMs ? 1
            : seen.OriginalMs < GlancedMs && Math.Abs(seen.Ratio - Bound) >= Near ? seen.Ratio
            : Timed(quantizer is null ? Look : LookInBytes).Ratio;
        cache.Add(key, share, macs: 0);
        return share;
    }
}
