using System.Globalization;
using OnnxCompress.Calibration;
using OnnxCompress.Models;
using OnnxCompress.Numerics;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// What the original network makes of the calibration data: a bounded number of rows of each layer's output, which every
/// plan is fitted to. A row is taken once, when the first plan asks for its layer.
/// </summary>
internal sealed class OriginalOutputs : IDisposable
{
    /// <summary>Rows to fit on: enough that least squares cannot follow noise, few enough that products stay cheap.</summary>
    private const int RowsPerColumn = 40, FewestRows = 24_000;

    private readonly IModelRuntime _runtime;
    private readonly OnnxModel _original;
    private readonly ReconstructionOptions _options;
    private readonly Dictionary<string, int> _ordinals;
    private readonly Dictionary<string, (int[] Rows, long[] Dims)[]> _taken = new(StringComparer.Ordinal);

    /// <summary>Takes nothing yet.</summary>
    /// <param name="runtime">Where the original runs.</param>
    /// <param name="original">The original network; not changed.</param>
    /// <param name="samples">Calibration data.</param>
    /// <param name="options">Threads, batch size, seed and memory.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public OriginalOutputs(IModelRuntime runtime, OnnxModel original, ISampleSource samples, ReconstructionOptions options, CancellationToken cancellation)
    {
        (_runtime, _original, _options) = (runtime, original, options);
        _ordinals = original.Graph.Nodes.Index().SelectMany(n => n.Item.Outputs.Select(o => (Output: o, n.Index)))
            .DistinctBy(o => o.Output, StringComparer.Ordinal).ToDictionary(o => o.Output, o => o.Index, StringComparer.Ordinal);
        Batches = new FitBatches(samples, original.Inputs, options.BatchSize, cancellation);
        Store = new ActivationStore(options.MemoryBytes);
    }

    /// <summary>The data.</summary>
    public FitBatches Batches { get; }

    /// <summary>Keeps the rows, and what a walk through a compressed network keeps.</summary>
    public ActivationStore Store { get; }

    /// <summary>The original network.</summary>
    public OnnxModel Original => _original;

    /// <summary>Takes rows of the layers whose outputs, or what an Add puts beside them, are not there yet: one pass for all.</summary>
    /// <param name="sites">The layers.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    public void Take(IReadOnlyList<FitSite> sites, CancellationToken cancellation)
    {
        var jobs = sites.Where(s => !_taken.ContainsKey(s.Output)).Select(s => new Job(s, s.Output))
            .Concat(sites.Where(s => s.Beside is not null && !Store.Contains(BesideKey(s))).Select(s => new Job(s, s.Beside!)))
            .DistinctBy(j => Key(j)).ToArray();
        if (jobs.Length == 0)
        {
            return;
        }

        Run([.. jobs.SelectMany(j => (string[])[j.Site.Output, j.Tensor])], (run, index, b) =>
        {
            var taken = new HostTensor[jobs.Length];
            foreach (var site in jobs.Select(j => j.Site).Where(s => !_taken.TryGetValue(s.Output, out var known) || known[b].Rows is null))
            {
                var dims = run.Dims(index[site.Output]);
                _taken.TryAdd(site.Output, new (int[], long[])[Batches.Count]);
                _taken[site.Output][b] = (Choose(dims, site, b), [.. dims]);
            }

            ParallelWork.For(jobs.Length, _options.Threads, i => taken[i] = Read(run, index[jobs[i].Tensor], jobs[i].Site, _taken[jobs[i].Site.Output][b].Rows), cancellation);
            for (var i = 0; i < jobs.Length; i++)
            {
                Store.Put(Key(jobs[i]), b, Batches.Count, taken[i]);
            }
        }, cancellation);
    }

    /// <summary>The rows of a layer's output that were taken in a batch, and the output's shape there.</summary>
    public (int[] Rows, long[] Dims) Of(FitSite site, int batch) => _taken[site.Output][batch];

    /// <summary>Those rows: one column for each output that the site has kept.</summary>
    public float[] Targets(FitSite site, int batch) => Kept(OutputKey(site.Output), site, batch);

    /// <summary>The same rows of what an Add puts beside the output; null without one.</summary>
    public float[]? Beside(FitSite site, int batch) => site.Beside is null ? null : Kept(BesideKey(site), site, batch);

    /// <summary>Which rows of a layer's output are used: the same ones whatever the plan.</summary>
    /// <param name="dims">Shape of the output in the original.</param>
    /// <param name="site">The layer.</param>
    /// <param name="batch">Which batch.</param>
    public int[] Choose(IReadOnlyList<long> dims, FitSite site, int batch)
    {
        var producer = _original.Graph.Producer(site.Output)!;
        var weight = _original.Graph.Constant(producer.Inputs[site.WeightInput])!;
        var columns = weight.Dims.Aggregate(1L, (product, d) => product * d) / dims[site.OutputAxis];
        var wanted = Math.Max(FewestRows, RowsPerColumn * columns);
        var available = Batches.Real(batch, RowReader.Count(dims, site.OutputAxis));
        var share = (int)Math.Min(int.MaxValue, ((wanted * Batches.SamplesOf(batch)) + Batches.Samples - 1) / Batches.Samples);
        return RowSample.Choose(available, share, unchecked((((_options.Seed * 31) + _ordinals[site.Output]) * 31) + batch));
    }

    /// <summary>Runs the original over all batches.</summary>
    /// <param name="tensors">What is looked at.</param>
    /// <param name="take">Told the run, where each tensor is in it, and the batch.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    public void Run(IEnumerable<string> tensors, Action<RunResult, Dictionary<string, int>, int> take, CancellationToken cancellation)
    {
        string[] names = [.. tensors.Distinct(StringComparer.Ordinal)];
        var index = names.Index().ToDictionary(n => n.Item, n => n.Index, StringComparer.Ordinal);
        using var session = _runtime.Open(_original.Observing(names), new SessionSettings(_options.Threads, Spin: false));
        for (var b = 0; b < Batches.Count; b++)
        {
            using var run = session.Run(Batches.Read(b), names, cancellation);
            take(run, index, b);
        }
    }

    /// <summary>Rows of an output of a run, all channels.</summary>
    public static HostTensor Read(RunResult run, int output, FitSite site, int[] rows)
    {
        var (dims, channels) = (run.Dims(output), (int)run.Dims(output)[site.OutputAxis]);
        var values = new float[checked(rows.Length * channels)];
        RowReader.Channels(run.Values<float>(output), dims, site.OutputAxis, rows, null, new MatrixView<float>(values, rows.Length, channels));
        return new HostTensor(site.Output, ElementType.Float, [rows.Length, channels], values);
    }

    /// <summary>The columns of rows that a site has kept.</summary>
    public static float[] Kept(HostTensor rows, FitSite site)
    {
        var values = (float[])rows.Values;
        if (site.KeptOutputs is not { } kept)
        {
            return values;
        }

        var (count, channels) = ((int)rows.Dims[0], (int)rows.Dims[1]);
        var selected = new float[count * kept.Length];
        for (var r = 0; r < count; r++)
        {
            for (var c = 0; c < kept.Length; c++)
            {
                selected[(r * kept.Length) + c] = values[(r * channels) + kept[c]];
            }
        }

        return selected;
    }

    /// <inheritdoc />
    public void Dispose() => Store.Dispose();

    private float[] Kept(string key, FitSite site, int batch) => Kept(Store.Get(key, batch), site);

    private static string Key(Job job) => job.Tensor == job.Site.Output ? OutputKey(job.Tensor) : BesideKey(job.Site);

    private static string OutputKey(string output) => FitBatches.RowsPrefix + output;

    // Rows are chosen by output, so what lies beside two outputs is kept for each.
    private static string BesideKey(FitSite site) => string.Create(CultureInfo.InvariantCulture, $"{FitBatches.RowsPrefix}{site.Output}\0{site.Beside}");

    private sealed record Job(FitSite Site, string Tensor);
}
