using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Search;

namespace OnnxCompress;

/// <summary>Finds the model that is asked for: the best within a budget, or the smallest that keeps enough.</summary>
/// <param name="runtime">Where models run.</param>
/// <param name="original">The original.</param>
/// <param name="data">Samples that plans are compared on and proven on.</param>
/// <param name="options">What the user said.</param>
internal sealed class ResultSearch(IModelRuntime runtime, OnnxModel original, CompressionData data, CompressionOptions options)
{
    private const int MostRules = 2;

    private PlanSearch? _search;

    /// <summary>Names of the rules that are tried; null for all.</summary>
    public IReadOnlyCollection<string>? Rules { get; init; }

    /// <summary>Names of the rules that did best in <see cref="Run"/>: those that reached the goal, smallest first, or lost least within the budget.</summary>
    public IReadOnlyList<string> BestRules
    {
        get
        {
            var tried = _search?.Tried ?? [];
            var ordered = options.Budget.IsLimited || options.Goal is not { } goal
                ? tried.OrderBy(t => t.Score?.Loss ?? 0)
                : Enumerable.Reverse(tried).Where(t => t.Score is { } score && goal.Accepts(score));
            // Where one rule did best all along, the one that wins most often elsewhere goes with it.
            var others = options.Budget.IsLimited ? [] : _search?.Rules.Select(r => r.Name) ?? [];
            var behind = options.Budget.IsLimited ? _search?.LeftOut.Select(left => left.Rule.Name) ?? [] : [];
            return [.. ordered.Select(t => t.Plan.Rule).Concat(behind).Concat(others).Distinct().Take(MostRules)];
        }
    }

    /// <summary>Plans that validation samples accepted without a budget, the smallest first.</summary>
    public IReadOnlyList<ScoredPlan> Accepted => _search?.Accepted ?? [];

    /// <summary>See <see cref="PlanSearch.Reached"/>.</summary>
    public double Reached => _search?.Reached ?? 1;

    /// <summary>The model.</summary>
    /// <param name="pipeline">Makes plans and carries them out.</param>
    /// <param name="cancellation">Stops the search, and what proves its result; the pipeline's limit ends the search alone.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX5001: the budget cannot be met; OCX5002: nor the goal; OCX5006: not by the time limit.</exception>
    public ExecutedPlan Run(Pipeline pipeline, CancellationToken cancellation)
    {
        var goal = options.Budget.IsLimited ? null : options.Goal;
        // One plan within a budget has nothing to be compared with.
        var judge = goal is null && options.Trials == 1 ? null : StageOptions.Judge(runtime, original, data, options);
        var search = _search = new PlanSearch(pipeline.Planner, pipeline.Executor, judge, pipeline.Watch, options.Trials, pipeline.Limit.Token) { Only = Rules, Limit = pipeline.Limit };
        var times = pipeline.Times;
        // Of other machines nothing is known.
        bool IsSlower(ExecutedPlan made) => StageOptions.Target(options) == RunTarget.Cpu && times.IsSlower(made, cancellation);
        if (goal is not null)
        {
            return new GoalSearch(search, StageOptions.Guard(runtime, original, data, options), goal, IsSlower).Smallest(cancellation);
        }

        return options.Budget.KeepLatency is null
            ? new NotSlower(search, IsSlower).Best(options.Budget)
            : new MeasuredLatency(search.Best, made => times.Share(made.Plan, made.Model, cancellation)).Best(options.Budget);
    }
}
