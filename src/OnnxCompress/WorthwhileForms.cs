using System.Globalization;
using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Rewriting;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Timing;
using OnnxCompress.Verification;

namespace OnnxCompress;

/// <summary>
/// Finds the rewrites that change no output and make a model faster on this machine: each is timed beside the model as it is. What
/// was measured is kept with the times of nodes, so that another run decides the same.
/// </summary>
/// <param name="runtime">Where models run.</param>
/// <param name="options">Samples in a run, and where times are kept.</param>
internal sealed class WorthwhileForms(IModelRuntime runtime, CompressionOptions options)
{
    /// <summary>A smaller gain is not told from chance, which must not decide what bytes a run writes; and a rewrite costs some weights.</summary>
    private const double Clear = 0.97;

    /// <summary>Seconds that tell most forms: those that stand further than this from being worth it. Others are looked at longer.</summary>
    private const double Glance = 0.2, Near = 0.025, Look = 1;

    /// <summary>Whatever the number of threads, a run decides the same.</summary>
    private const int Threads = 1;

    /// <summary>Their names, in the order in which they are carried out.</summary>
    /// <param name="prepared">The model.</param>
    /// <param name="samples">The first of them is run.</param>
    /// <param name="cancellation">Stops between runs.</param>
    public IReadOnlyList<string> Of(PreparedModel prepared, ISampleSource samples, CancellationToken cancellation)
    {
        var shrinkage = new Shrinkage(prepared.Model.Graph, prepared.Analysis.Relations, null);
        string[] open = [.. FasterForms.Names.Where(name => FasterForms.HaveWork([name], prepared.Model.Graph, shrinkage))];
        if (open.Length == 0)
        {
            return [];
        }

        var cache = NodeTimeCache.Open(options.CacheFolder, runtime.Version, Threads);
        string[] faster = [.. open.Where(name => Share(name, prepared.Model, shrinkage, samples, cache, cancellation) < Clear)];
        cache.Keep();
        return faster;
    }

    private double Share(string name, OnnxModel model, Shrinkage shrinkage, ISampleSource samples, NodeTimeCache cache, CancellationToken cancellation)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"share of {name} in {model.SourceSha256}, batch {options.TimedBatch}");
        if (cache.Find(key) is { } known)
        {
            return known;
        }

        var rewritten = model.Clone();
        FasterForms.CarryOut([name], rewritten.Graph, shrinkage);
        double Timed(double seconds) => new LatencyComparer(runtime).Compare(
            model, rewritten, samples, StageOptions.Comparison(options) with { Threads = Threads, MinimumRounds = 15, Time = TimeSpan.FromSeconds(seconds) }, null, cancellation).Ratio;
        var share = Timed(Glance);
        share = Math.Abs(share - Clear) < Near ? Timed(Look) : share;
        cache.Add(key, share, macs: 0);
        return share;
    }
}
