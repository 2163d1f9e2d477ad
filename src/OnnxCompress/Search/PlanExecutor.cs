using OnnxCompress.Allocation;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Precision;
using OnnxCompress.Reconstruction;
using OnnxCompress.Rewriting;
using OnnxCompress.Timing;

namespace OnnxCompress.Search;

/// <summary>Rewrites the model by a plan and solves for the weights of what is left.</summary>
/// <param name="rewriter">Rewrites.</param>
/// <param name="reconstructor">Solves.</param>
/// <param name="outputs">What least squares fits to; null where nothing is fitted.</param>
/// <param name="mode">How weights are made.</param>
/// <param name="quantizer">Puts the result into 8 bits; null where it keeps its numbers.</param>
/// <param name="watch">Times what it does.</param>
/// <param name="table">About how long the model of a plan takes, by the table for this CPU.</param>
internal sealed class PlanExecutor(
    PlanRewriter rewriter, Reconstructor reconstructor, OriginalOutputs? outputs, ReconstructionMode mode, ModelQuantizer? quantizer, StageWatch watch, TableTimes table) : IPlanExecutor
{
    /// <summary>One batch of so many is looked at in a glance.</summary>
    private const int GlanceEvery = 4;

    /// <summary>Bytes of rewritten models that are kept from glances, but for the last.</summary>
    private const long MostGlanced = 64 << 20;

    private readonly OriginalOutputs? _part = mode == ReconstructionMode.Sequential && quantizer is null ? outputs?.Part(GlanceEvery) : null;

    // What was looked at in a glance may be carried out too, and factorisations take their time.
    private readonly Queue<(PlacedPlan Placed, OnnxModel Model, Shrinkage Shrinkage)> _glanced = [];

    /// <summary>A model as the finished one of a plan, with weights that only have its sizes: it takes the same time.</summary>
    /// <exception cref="OnnxCompressException">OCX6001: the plan is not for this model.</exception>
    public OnnxModel Sketch(CompressionPlan plan, CancellationToken cancellation)
    {
        var (placed, model, shrinkage) = Outline(plan, cancellation);
        return Finish(placed, model, shrinkage, m => InItsNumbers(m, plan, cancellation)).Model;
    }

    /// <summary>The same in floating point, whatever its numbers.</summary>
    /// <exception cref="OnnxCompressException">OCX6001: the plan is not for this model.</exception>
    public OnnxModel InFloats(CompressionPlan plan, CancellationToken cancellation)
    {
        var (placed, model, shrinkage) = Outline(plan, cancellation);
        FasterForms.CarryOut(placed.Plan.Rewrites, model.Graph, shrinkage);
        return model;
    }

    /// <summary>What tables of nodes say of the time of a plan.</summary>
    /// <exception cref="OnnxCompressException">OCX6001: the plan is not for this model.</exception>
    public TimeParts PartsOf(CompressionPlan plan, LatencyCost time)
    {
        var placed = rewriter.Place(plan);
        return time.PartsOf(placed.Remaining(), placed.Splits.Select(s => (s.Layer.Node, s.Site.Shape)));
    }

    /// <summary>What the finished model of a plan costs at most: biases that least squares may add included.</summary>
    /// <exception cref="OnnxCompressException">OCX6001: the plan is not for this model.</exception>
    public ModelCost Weigh(CompressionPlan plan, CancellationToken cancellation)
    {
        var (placed, model, shrinkage) = Outline(plan, cancellation);
        var finished = FasterForms.HaveWork(plan.Rewrites, model.Graph, shrinkage) ? model.Clone() : model;
        var cost = Finish(placed, finished, shrinkage, m => InItsNumbers(m, plan, cancellation)).Cost;
        return outputs is null ? cost : Reconstructor.AddedBiases(outputs, WithCounted(model, finished, cancellation), shrinkage, mode)
            .Aggregate(cost, (sum, bias) => sum.Plus(new ModelCost(bias.Elements, 0, bias.Bytes)));
    }

    /// <inheritdoc />
    public bool CanGlance => _part is not null;

    /// <inheritdoc />
    public ExecutedPlan Execute(CompressionPlan plan, IProgress<ProgressUpdate>? progress, CancellationToken cancellation) =>
        Execute(plan, () => Rewritten(plan, cancellation), outputs, progress, cancellation);

    /// <inheritdoc />
    public ExecutedPlan Glance(CompressionPlan plan, IProgress<ProgressUpdate>? progress, CancellationToken cancellation) =>
        Execute(plan, () => Remembered(Rewritten(plan, cancellation)), _part ?? outputs, progress, cancellation);

    private ExecutedPlan Execute(
        CompressionPlan plan, Func<(PlacedPlan Placed, OnnxModel Model, Shrinkage Shrinkage)> rewrite, OriginalOutputs? rows, IProgress<ProgressUpdate>? progress,
        CancellationToken cancellation) => watch.Time("reconstruct", () =>
    {
        var (placed, model, planned) = rewrite();
        var shrinkage = planned.Own();
        var fits = rows is null ? [] : reconstructor.Run(rows, model, shrinkage, mode, progress, cancellation);
        // Layers that shared a bias have each been given their own.
        model.Graph.Index();
        model.Graph.RemoveUnusedInitializers();
        QuantisedModel? quantised = null;
        var (stored, worked, cost) = Finish(placed, model, shrinkage, m => (quantised = Numbers(plan)?.Quantize(m, shrinkage, cancellation))?.Model ?? m);
        return new ExecutedPlan(plan, stored, shrinkage, fits)
        {
            Cost = cost,
            Observable = worked,
            Layers = placed.Layers,
            Precision = quantised?.Layers ?? [],
            WeightBits = quantised?.WeightBits,
            Warnings = quantised?.Warnings ?? [],
            Time = table.Of(shrinkage, placed.Splits.Select(s => (s.Layer.Node, s.Site.Shape))),
        };
    });

    /// <summary>The model with the biases that the outline in 8 bits has already: none is counted twice.</summary>
    private OnnxModel WithCounted(OnnxModel model, OnnxModel finished, CancellationToken cancellation)
    {
        if (quantizer is null)
        {
            return model;
        }

        var counted = model.Clone();
        var names = quantizer.Biased(finished, cancellation).ToHashSet(StringComparer.Ordinal);
        WalkBiases.Add(counted.Graph, counted.Graph.Nodes.Where(n => names.Contains(n.Name)).Select(n => LinearMap.Of(n, counted.Graph)).OfType<LinearMap>().Where(map => WalkBiases.Adds(map, counted.Graph)).ToArray());
        return counted;
    }

    private (PlacedPlan Placed, OnnxModel Model, Shrinkage Shrinkage) Rewritten(CompressionPlan plan, CancellationToken cancellation)
    {
        // Fitting changes its weights: each model serves once.
        var glanced = _glanced.FirstOrDefault(g => ReferenceEquals(g.Placed.Plan, plan));
        return glanced.Placed is null ? Rewrite(plan, cancellation) : (glanced.Placed, glanced.Model.Clone(), glanced.Shrinkage);
    }

    private (PlacedPlan Placed, OnnxModel Model, Shrinkage Shrinkage) Remembered((PlacedPlan Placed, OnnxModel Model, Shrinkage Shrinkage) made)
    {
        _glanced.Enqueue((made.Placed, made.Model.Clone(), made.Shrinkage));
        while (_glanced.Count > 1 && _glanced.Sum(g => g.Model.Bytes) > MostGlanced)
        {
            _glanced.Dequeue();
        }

        return made;
    }

    private (PlacedPlan Placed, OnnxModel Model, Shrinkage Shrinkage) Rewrite(CompressionPlan plan, CancellationToken cancellation)
    {
        var placed = rewriter.Place(plan);
        var (model, shrinkage) = rewriter.Rewrite(placed, cancellation);
        return (placed, model, shrinkage);
    }

    private (PlacedPlan Placed, OnnxModel Model, Shrinkage Shrinkage) Outline(CompressionPlan plan, CancellationToken cancellation)
    {
        var placed = rewriter.Place(plan);
        var (model, shrinkage) = rewriter.Outline(placed, cancellation);
        return (placed, model, shrinkage);
    }

    private ModelQuantizer? Numbers(CompressionPlan plan) => quantizer?.With(plan.Wider, FasterForms.PadInputs(plan.Rewrites));

    private OnnxModel InItsNumbers(OnnxModel model, CompressionPlan plan, CancellationToken cancellation) => Numbers(plan)?.Outline(model, cancellation) ?? model;

    /// <summary>The model as it is written, the same with branches beside their nodes, and what it costs.</summary>
    private static (OnnxModel Model, OnnxModel Observable, ModelCost Cost) Finish(PlacedPlan placed, OnnxModel model, Shrinkage shrinkage, Func<OnnxModel, OnnxModel> precise)
    {
        var added = FasterForms.CarryOut(placed.Plan.Rewrites, model.Graph, shrinkage);
        var observable = precise(model).Narrowed();
        var stored = BranchRemoval.Tidy(observable).AsStored();
        return (stored, observable, new(ParameterCount.Of(stored), placed.Macs() + added, stored.Bytes));
    }
}
