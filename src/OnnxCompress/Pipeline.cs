using OnnxCompress.Allocation;
using OnnxCompress.Models;
using OnnxCompress.Samples;
using OnnxCompress.Search;
using OnnxCompress.Simplification;
using OnnxCompress.Timing;

namespace OnnxCompress;

/// <summary>One run with its stages opened as far as plans can be made and carried out.</summary>
internal sealed class Pipeline : IDisposable
{
    private readonly Groundwork _ground;
    private readonly CompressionOptions _options;

    private Pipeline(PipelineTools tools, OnnxModel original, ISampleSource samples, CompressionOptions options, CancellationToken cancellation)
    {
        _ground = Groundwork.Lay(tools, original, samples, options, cancellation);
        _options = _ground.Options;
        try
        {
            (Times, Rewrites, Planner, Executor) = Workers(cancellation);
        }
        catch
        {
            _ground.Dispose();
            throw;
        }
    }

    private Pipeline(Groundwork ground, CompressionOptions options, CancellationToken cancellation)
    {
        (_ground, _options) = (ground, options);
        (Times, Rewrites, Planner, Executor) = Workers(cancellation);
    }

    /// <summary>Names of rewrites that change no output and were measured to be faster.</summary>
    public IReadOnlyList<string> Rewrites { get; }

    /// <summary>What the model costs as it was given.</summary>
    public ModelCost Original => _ground.Prepared.Original;

    /// <summary>Times of layers; null where time is not limited.</summary>
    public LatencyTables? Tables => _ground.Tables;

    /// <summary>Makes plans.</summary>
    public Planner Planner { get; }

    /// <summary>Carries them out.</summary>
    public PlanExecutor Executor { get; }

    /// <summary>Times models of plans beside the original.</summary>
    public ResultTimes Times { get; }

    /// <summary>How long the search may take.</summary>
    public TimeLimit Limit => _ground.Tools.Limit;

    /// <summary>Times the stages.</summary>
    public StageWatch Watch => _ground.Tools.Watch;

    /// <summary>Analyses, calibrates and prices.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">Model or data cannot be worked with; the diagnostic says why.</exception>
    public static Pipeline Open(PipelineTools tools, OnnxModel original, ISampleSource samples, CompressionOptions options, CancellationToken cancellation) =>
        new(tools, original, samples, options, cancellation);

    /// <summary>The same run in numbers of another form: what does not depend on them is shared, and disposed of with either.</summary>
    /// <param name="options">The same but for the form and the goal.</param>
    /// <param name="cancellation">Stops the run.</param>
    public Pipeline In(CompressionOptions options, CancellationToken cancellation)
    {
        var takesUp = StageOptions.TakesUpWholeNumbers(options) != StageOptions.TakesUpWholeNumbers(_options);
        return takesUp && !ReferenceEquals(Simplifier.Dequantised(_ground.Original), _ground.Original)
            ? Open(_ground.Tools, _ground.Original, _ground.Samples, options, cancellation)
            : new(_ground, options with { BatchSize = _options.BatchSize }, cancellation);
    }

    /// <summary>Bytes of the model in numbers of another form with nothing removed, before rewrites.</summary>
    /// <param name="options">The same but for the form.</param>
    /// <param name="cancellation">Stops the run.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">It cannot be had in that form.</exception>
    public long OutlinedBytes(CompressionOptions options, CancellationToken cancellation)
    {
        var model = _ground.Prepared.Model;
        return (Quantizers.Of(_ground.Tools, _ground.Prepared, _ground.Samples, options, cancellation)?.Outline(model, cancellation) ?? model).Narrowed().AsStored().Bytes;
    }

    /// <summary>By name, the milliseconds that each layer of a plan's model takes longer in floating point than in 8 bits.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="cancellation">Stops between runs.</param>
    public IReadOnlyDictionary<string, double> ByteGains(CompressionPlan plan, CancellationToken cancellation) => _ground.ByteGains(Executor.InFloats(plan, cancellation), cancellation);

    /// <summary>The share of the original's time that the model of a plan takes; weights do not change it.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="cancellation">Stops between runs.</param>
    public double TimeShare(CompressionPlan plan, CancellationToken cancellation) => Times.OfMany(plan, again: false, () => Executor.Sketch(plan, cancellation), cancellation);

    /// <summary>What a run has come to; times of nodes are kept for the next one.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">The compressed model cannot be run.</exception>
    public CompressionResult Conclude(ExecutedPlan made, CancellationToken cancellation)
    {
        // Nothing is fitted any more, and two whole networks run beside each other next.
        _ground.Dispose();
        var conclusion = new Conclusion(_ground.Tools, _ground.Prepared, _ground.Statistics, _ground.Samples, _options) { Warning = _ground.Warning };
        var errors = Watch.Time("reconstruct", () => conclusion.ErrorsOf(made, cancellation));
        KeepTimes();
        var difference = made.Precision.Count == 0 ? (double?)null : Watch.Time("compare", () => conclusion.KernelDifferenceOf(made, cancellation));
        return conclusion.Of(made, errors, Tables?.Spent ?? TimeSpan.Zero, difference);
    }

    /// <summary>Keeps what was measured for the next run, where there is a folder for it.</summary>
    public void KeepTimes()
    {
        Tables?.Keep();
        Times.Keep();
    }

    /// <inheritdoc />
    public void Dispose() => _ground.Dispose();

    private (ResultTimes Times, IReadOnlyList<string> Rewrites, Planner Planner, PlanExecutor Executor) Workers(CancellationToken cancellation)
    {
        var times = new ResultTimes(_ground.Tools.Runtime, _ground.Original, _ground.Samples, _options);
        var rewrites = _ground.RewritesFor(_options, cancellation);
        var (planner, executor) = new PlanWorkers(_ground.Tools, _ground.Prepared, _ground.Statistics, _ground.Samples, _options) { Rewrites = rewrites, Times = times }
            .Open(_ground.Curves, _ground.Tables, _ground.Outputs, cancellation);
        return (times, rewrites, planner, executor);
    }
}
