using System.Collections.Concurrent;
using System.Globalization;
using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// What the original network makes of the calibration data: a bounded number of rows of each layer's output, which every
/// plan is fitted to. A row is taken once, when the first plan asks for its layer.
/// </summary>
internal sealed class OriginalOutputs : IDisposable
{
    /// <summary>What the names of stored rows begin with; no tensor of a model does.</summary>
    public const string RowsPrefix = "\0rows:";

    /// <summary>Rows to fit on at least: enough that least squares cannot follow noise.</summary>
    private const int RowsPerColumn = 40;

    /// <summary>Rows, and values in them, beyond which more than that are not taken: products stay cheap.</summary>
    private const int MostRows = 24_000, MostValues = 16 << 20;

    /// <summary>Batches that a part has at least.</summary>
    private const int FewestBatches = 3;

    private readonly IModelRuntime _runtime;
    private readonly OnnxModel _original;
    private readonly Relations _relations;
    private readonly ReconstructionOptions _options;
    private readonly Dictionary<string, int> _ordinals;
    private readonly string? _mask;
    private readonly (long[] Sizes, bool[] Counted)?[] _masks;
    private readonly ConcurrentDictionary<string, (int[] Rows, long[] Dims)[]> _taken = new(StringComparer.Ordinal);
    private readonly OriginalOutputs? _whole;
    private readonly int[]? _places;

    /// <summary>Takes nothing yet.</summary>
    /// <param name="runtime">Where the original runs.</param>
    /// <param name="original">The original network; not changed.</param>
    /// <param name="relations">Its axes.</param>
    /// <param name="samples">Calibration data.</param>
    /// <param name="options">Threads, batch size, seed and memory.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public OriginalOutputs(IModelRuntime runtime, OnnxModel original, Relations relations, ISampleSource samples, ReconstructionOptions options, CancellationToken cancellation)
    {
        (_runtime, _original, _relations, _options) = (runtime, original, relations, options);
        _ordinals = original.Graph.Nodes.Index().SelectMany(n => n.Item.Outputs.Select(o => (Output: o, n.Index)))
            .DistinctBy(o => o.Output, StringComparer.Ordinal).ToDictionary(o => o.Output, o => o.Index, StringComparer.Ordinal);
        Batches = new FoldBatches(samples, original.Inputs, options.BatchSize, cancellation);
        _mask = options.Mask ?? SampleMask.Find(original);
        _masks = new (long[], bool[])?[Batches.Count];
        Store = new ActivationStore(options.MemoryBytes);
    }

    private OriginalOutputs(OriginalOutputs whole, int[] places, FoldBatches batches)
    {
        (_runtime, _original, _relations, _options) = (whole._runtime, whole._original, whole._relations, whole._options);
        (_ordinals, _mask, _masks, _taken, _whole, Store) = (whole._ordinals, whole._mask, [], whole._taken, whole, whole.Store);
        (_places, Batches) = (places, batches);
    }

    /// <summary>The data.</summary>
    public FoldBatches Batches { get; }

    /// <summary>Keeps the rows, and what a walk through a compressed network keeps.</summary>
    public ActivationStore Store { get; }

    /// <summary>Floats of a layer's rows that may be held until it is solved: half of what activations may take.</summary>
    public long MostHeld => _options.MemoryBytes / (2 * sizeof(float));

    /// <summary>The original network.</summary>
    public OnnxModel Original => _original;

    /// <summary>Batches whose layers' outputs, all of them at once, some memory has room for.</summary>
    /// <param name="memory">Bytes.</param>
    /// <param name="relations">Axes of the network.</param>
    /// <param name="batchSize">Samples in a batch.</param>
    public static long BatchesWithin(long memory, Relations relations, int batchSize) => (long)(memory / (BytesOfSample(relations) * batchSize));

    /// <summary>Bytes of the outputs of all layers for one sample.</summary>
    public static double BytesOfSample(Relations relations) => sizeof(float) * Math.Max(1, relations.Layers.Select(l => l.Output).Distinct(StringComparer.Ordinal)
        .Sum(output => (relations.Shapes.Of(output) ?? []).Aggregate(1.0, (product, size) => product * size) / relations.Shapes.Samples));

    /// <summary>Takes the rows of all layers that a plan may ask for, while the batches of <see cref="Batches"/> run for something else.</summary>
    public IRunObserver Observer() => Missing(FitSites.Possible(_original, _relations));

    /// <summary>
    /// The rows of a part of the batches, for a walk in sequence that shows in a fraction of the time about what all would give. They
    /// are those of the whole, which has to outlive it.
    /// </summary>
    /// <param name="every">One batch of so many stays.</param>
    /// <returns>Null where there are too few batches to leave half of them out.</returns>
    public OriginalOutputs? Part(int every)
    {
        var (places, part) = Batches.Part(every);
        return part.Count >= FewestBatches && 2 * part.Count <= Batches.Count ? new(this, places, part) : null;
    }

    /// <summary>Makes sure that rows are there.</summary>
    /// <param name="sites">The layers whose outputs, and what an Add puts beside them, are needed.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    public void Take(IReadOnlyList<FitSite> sites, CancellationToken cancellation)
    {
        if (_whole is not null)
        {
            _whole.Take(sites, cancellation);
            return;
        }

        if (_taken.IsEmpty)
        {
            // Always all at once: what is looked at decides which nodes the runtime fuses, and with that the last bits of every value.
            Take(Observer(), cancellation);
        }

        Take(Missing(sites), cancellation);
    }

    private void Take(IRunObserver observer, CancellationToken cancellation)
    {
        if (observer.Tensors.Count > 0)
        {
            var side = SideBySide.Of(_options.Threads, Batches.Count, BatchesWithin(_options.MemoryBytes, _relations, _options.BatchSize));
            using var observed = new ObservedModel(_runtime, _original, observer.Tensors, side.Settings);
            ParallelWork.For(Batches.Count, observed.RunsOf(side), b =>
            {
                using var run = observed.Run(Batches.Read(b), cancellation);
                observer.Take(run, 0, b, side.Threads, cancellation);
            }, cancellation);
        }
    }

    private RowObserver Missing(IReadOnlyList<FitSite> sites) => new(
        this,
        [
            .. sites.SelectMany(s => s.Uses).Where(s => !_taken.ContainsKey(s.Output)).Select(s => new Job(s, s.Output))
                .Concat(sites.SelectMany(s => Others(s).Select(other => new Job(s, other))).Where(j => !Store.Contains(Key(j))))
                .DistinctBy(Key, StringComparer.Ordinal),
        ]);

    /// <summary>The rows of a layer's output that were taken in a batch, and the output's shape there.</summary>
    public (int[] Rows, long[] Dims) Of(FitSite site, int batch) => _taken[site.Output][Place(batch)];

    /// <summary>Those rows: one column for each output that the site has kept.</summary>
    public float[] Targets(FitSite site, int batch)
    {
        var own = Kept(OutputKey(site.Output), site, batch);
        if (site.Aim is not { } aim)
        {
            return own;
        }

        var (sum, wanted) = (aim.Sum == site.Output ? own : Kept(OtherKey(site, aim.Sum), site, batch), Kept(OtherKey(site, aim.Wanted), site, batch));
        var targets = new float[own.Length];
        for (var i = 0; i < targets.Length; i++)
        {
            targets[i] = own[i] + aim.Missing(sum[i], wanted[i]);
        }

        return targets;
    }

    /// <summary>The same rows of what an Add puts beside the output; null without one.</summary>
    public float[]? Beside(FitSite site, int batch) => site.Beside is null ? null : Kept(OtherKey(site, site.Beside), site, batch);

    /// <summary>Which rows of a layer's output are used: the same ones whatever the plan.</summary>
    /// <param name="dims">Shape of the output in the original.</param>
    /// <param name="site">The layer.</param>
    /// <param name="batch">Which batch.</param>
    public int[] Choose(IReadOnlyList<long> dims, FitSite site, int batch)
    {
        var map = LinearMap.Of(_original.Graph.Producer(site.Output)!, _original.Graph)!;
        var columns = (long)map.Layout.Columns;
        // Of many groups each has few columns, and a row is as wide as all of them.
        var width = (columns * map.Groups) + map.Outputs;
        var wanted = Math.Max(RowsPerColumn * columns, Math.Min(MostRows, MostValues / width));
        var available = Batches.Real(batch, RowReader.Count(dims, site.OutputAxis));
        var share = (int)Math.Min(int.MaxValue, ((wanted * Batches.SamplesOf(batch)) + Batches.Samples - 1) / Batches.Samples);
        var seed = unchecked((((_options.Seed * 31) + _ordinals[site.Output]) * 31) + batch);
        return Counted(dims, site, batch, available) is not { } counted
            ? RowSample.Choose(available, share, seed)
            : [.. RowSample.Choose(counted.Length, share, seed).Select(place => counted[place])];
    }

    /// <summary>Runs the original over all batches.</summary>
    /// <param name="tensors">What is looked at, each once.</param>
    /// <param name="take">Told the run, whose outputs are the tensors, and the batch.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    public void Run(IReadOnlyList<string> tensors, Action<RunResult, int> take, CancellationToken cancellation) => Run(tensors, 1, take, cancellation);

    /// <summary>Runs the original over some batches of both folds.</summary>
    /// <param name="tensors">What is looked at, each once.</param>
    /// <param name="every">One batch of so many is run.</param>
    /// <param name="take">Told the run, whose outputs are the tensors, and the batch.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    public void Run(IReadOnlyList<string> tensors, int every, Action<RunResult, int> take, CancellationToken cancellation)
    {
        using var observed = new ObservedModel(_runtime, _original, tensors, new SessionSettings(_options.Threads, Spin: false));
        foreach (var b in Batches.Part(every).Places)
        {
            using var run = observed.Run(Batches.Read(b), cancellation);
            take(run, b);
        }
    }

    /// <summary>Rows of an output of a run, all channels.</summary>
    /// <param name="run">The run.</param>
    /// <param name="output">Which of its outputs.</param>
    /// <param name="site">The layer.</param>
    /// <param name="rows">Which rows.</param>
    /// <param name="store">Lends the array; null for one of its own.</param>
    public static HostTensor Read(RunResult run, int output, FitSite site, int[] rows, ActivationStore? store = null)
    {
        var dims = run.Dims(output);
        var channels = (int)dims[site.OutputAxis];
        var length = checked(rows.Length * channels);
        var values = (float[]?)store?.Rent(ElementType.Float, length) ?? new float[length];
        RowReader.Channels(run.Values<float>(output), dims, site.OutputAxis, rows, null, new MatrixView<float>(values, rows.Length, channels));
        return new HostTensor(site.Output, ElementType.Float, [rows.Length, channels], values);
    }

    /// <summary>The columns of rows that a site has kept.</summary>
    public static float[] Kept(HostTensor rows, FitSite site)
    {
        var values = (float[])rows.Values;
        if (site.Turned is { } turned)
        {
            return Turn(values.AsSpan(0, checked((int)(rows.Dims[0] * rows.Dims[1]))), turned);
        }

        if (site.KeptOutputs is not { } kept)
        {
            return values;
        }

        var (count, channels) = ((int)rows.Dims[0], (int)rows.Dims[1]);
        var selected = new float[count * kept.Length];
        if (site.Turn is { } turn)
        {
            turn.Apply(new ReadOnlyMatrixView<float>(values, count, channels), kept, new MatrixView<float>(selected, count, kept.Length));
            return selected;
        }

        for (var r = 0; r < count; r++)
        {
            for (var c = 0; c < kept.Length; c++)
            {
                selected[(r * kept.Length) + c] = values[(r * channels) + kept[c]];
            }
        }

        return selected;
    }

    /// <summary>Rows of a residual stream as they are once it is turned.</summary>
    /// <param name="rows">As many values each as the map has rows.</param>
    /// <param name="map"><c>channels x made</c>.</param>
    public static float[] Turn(ReadOnlySpan<float> rows, Matrix<float> map)
    {
        var turned = new float[rows.Length / map.Rows * map.Columns];
        var sums = new double[map.Columns];
        for (var r = 0; r < rows.Length / map.Rows; r++)
        {
            Array.Clear(sums);
            for (var c = 0; c < map.Rows; c++)
            {
                double value = rows[(r * map.Rows) + c];
                var factors = map.Row(c);
                for (var k = 0; k < sums.Length; k++)
                {
                    sums[k] += value * factors[k];
                }
            }

            for (var k = 0; k < sums.Length; k++)
            {
                turned[(r * map.Columns) + k] = (float)sums[k];
            }
        }

        return turned;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (_whole is null)
        {
            Store.Dispose();
        }
    }

    /// <summary>The rows that the mask leaves; null where all of them count, or none would be left.</summary>
    private int[]? Counted(IReadOnlyList<long> dims, FitSite site, int batch, int available)
    {
        if (_mask is null)
        {
            return null;
        }

        (long[] Sizes, bool[] Counted) mask;
        lock (_masks)
        {
            mask = _masks[batch] ??= ReadMask(batch);
        }

        return SampleMask.Axes(mask.Sizes, dims, site.OutputAxis) is { } axes
            && SampleMask.Rows(mask.Counted, axes, dims, site.OutputAxis, available) is { Length: > 0 } rows ? rows : null;
    }

    private (long[] Sizes, bool[] Counted) ReadMask(int batch)
    {
        var feeds = Batches.Read(batch);
        return SampleMask.Read(feeds, _mask!, Batches.SizeOf(batch)) is { } counted
            ? (SampleMask.Sizes(feeds.First(feed => feed.Name == _mask).Dims), counted)
            : ([], []);
    }

    private float[] Kept(string key, FitSite site, int batch)
    {
        var rows = Store.Get(key, Place(batch));
        var kept = Kept(rows, site);
        if (kept != rows.Values)
        {
            Store.GiveBack(key, Place(batch), rows);
        }

        return kept;
    }

    private int Place(int batch) => _places is null ? batch : _places[batch];

    private static string Key(Job job) => job.Tensor == job.Site.Output ? OutputKey(job.Tensor) : OtherKey(job.Site, job.Tensor);

    private static string OutputKey(string output) => RowsPrefix + output;

    // Rows are chosen by output, so what lies beside two outputs is kept for each.
    private static string OtherKey(FitSite site, string tensor) => string.Create(CultureInfo.InvariantCulture, $"{RowsPrefix}{site.Output}\0{tensor}");

    /// <summary>What is looked at beside a layer's output, on the same rows.</summary>
    private static IEnumerable<string> Others(FitSite site) =>
        new[] { site.Beside, site.Aim?.Sum == site.Output ? null : site.Aim?.Sum, site.Aim?.Wanted }.OfType<string>().Distinct(StringComparer.Ordinal);

    private sealed record Job(FitSite Site, string Tensor);

    /// <summary>Takes rows of some tensors.</summary>
    private sealed class RowObserver : IRunObserver
    {
        private readonly OriginalOutputs _outputs;
        private readonly Job[] _jobs;
        private readonly FitSite[] _new;
        private readonly Dictionary<string, int> _index;

        public RowObserver(OriginalOutputs outputs, Job[] jobs)
        {
            (_outputs, _jobs) = (outputs, jobs);
            // Rows that go beside known ones are chosen already.
            _new = [.. jobs.Where(j => j.Tensor == j.Site.Output).Select(j => j.Site)];
            string[] tensors = [.. jobs.Select(j => j.Tensor).Distinct(StringComparer.Ordinal)];
            _index = tensors.Index().ToDictionary(t => t.Item, t => t.Index, StringComparer.Ordinal);
            Tensors = tensors;
        }

        public IReadOnlyList<string> Tensors { get; }

        public void Take(RunResult run, int first, int batch, int threads, CancellationToken cancellation)
        {
            foreach (var site in _new)
            {
                var dims = run.Dims(first + _index[site.Output]);
                _outputs._taken.GetOrAdd(site.Output, static (_, count) => new (int[], long[])[count], _outputs.Batches.Count)[batch] = (_outputs.Choose(dims, site, batch), [.. dims]);
            }

            ParallelWork.For(_jobs.Length, threads, i =>
            {
                var (site, tensor) = (_jobs[i].Site, _jobs[i].Tensor);
                var rows = Read(run, first + _index[tensor], site, _outputs._taken[site.Output][batch].Rows, _outputs.Store);
                _outputs.Store.PutAside(Key(_jobs[i]), batch, _outputs.Batches.Count, rows);
            }, cancellation);
        }
    }
}
