using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Search;
using OnnxCompress.Selection;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Search;

/// <summary>Plans, models and scores out of one function of budget and rule, so that a search can be watched alone.</summary>
/// <param name="scores">The score of a model; null where the budget is out of reach.</param>
/// <param name="rules">The rules there are.</param>
internal sealed class FakePlans(Func<Budget, PlanRule, PlanScore?> scores, params PlanRule[] rules) : IPlanner, IPlanExecutor, IPlanJudge
{
    private readonly Dictionary<CompressionPlan, PlanScore> _scoreOf = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<CompressionPlan, long> _bytesOf = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<OnnxModel, CompressionPlan> _planOf = new(ReferenceEqualityComparer.Instance);

    private readonly Dictionary<OnnxModel, PlanScore> _glances = new(ReferenceEqualityComparer.Instance);

    public IReadOnlyList<PlanRule> Rules => rules;

    /// <summary>How a model that is made of few samples is scored; null where none is.</summary>
    public Func<CompressionPlan, PlanScore>? Few { get; init; }

    /// <summary>What makes the plan of a rule another than those of others.</summary>
    public Func<PlanRule, double> Errors { get; init; } = rule => 0.1 + (0.01 * Array.IndexOf(rules, rule));

    /// <summary>What was looked at in a glance, in this order.</summary>
    public List<CompressionPlan> Glanced { get; } = [];

    /// <summary>Plans that were made.</summary>
    public int Planned { get; private set; }

    public bool CanGlance => Few is not null;

    /// <summary>What was carried out, in this order.</summary>
    public List<CompressionPlan> Executed { get; } = [];

    /// <summary>Models that are scored as not finite.</summary>
    public Func<CompressionPlan, bool> Overflows { get; init; } = _ => false;

    /// <summary>About how long the model of a plan takes.</summary>
    public Func<CompressionPlan, double> Times { get; init; } = _ => 1;

    public ModelCost Original => new(100, 100, 100);

    public CompressionPlan Nothing { get; } = new("model", []) { Rule = "" };

    /// <summary>How often times were taken that plans are made by.</summary>
    public int Prepared { get; private set; }

    /// <summary>Bytes of the model of a plan.</summary>
    public Func<Budget, double> Bytes { get; init; } = _ => 1;

    public long BytesOf(OnnxModel model) => _bytesOf[_planOf[model]];

    public static PlanRule Rule(string name) => new(name, true, true, 1);

    public static PlanScore Score(double agreement, double loss) => new(agreement, agreement, 1 - agreement, loss);

    /// <summary>The score of a model made before layers are timed; null: that has next to nothing removed.</summary>
    public Func<PlanRule, PlanScore>? Gentle { get; init; }

    /// <summary>Plans that were made before layers were timed.</summary>
    public List<CompressionPlan> Untimed { get; } = [];

    public void Prepare() => Prepared++;

    CompressionPlan IPlanner.Untimed(Budget budget, PlanRule rule, CancellationToken cancellation)
    {
        var plan = new CompressionPlan("model", [new ChannelPlan("site", CompressionMethod.Interpolative, [0], 2, Errors(rule), 0)]) { Rule = rule.Name };
        (_scoreOf[plan], _bytesOf[plan]) = (Gentle?.Invoke(rule) ?? Score(1, 0), Original.Bytes);
        Untimed.Add(plan);
        return plan;
    }

    public CompressionPlan Plan(Budget budget, PlanRule rule, CancellationToken cancellation)
    {
        Planned++;
        var score = scores(budget, rule) ?? throw new OnnxCompressException(DiagnosticCodes.BudgetOutOfReach, "out of reach");
        var plan = new CompressionPlan("model", [new ChannelPlan("site", CompressionMethod.Interpolative, [0], 2, Errors(rule), 0)]) { Rule = rule.Name };
        _scoreOf[plan] = score;
        _bytesOf[plan] = (long)Bytes(budget);
        return plan;
    }

    public ExecutedPlan Execute(CompressionPlan plan, IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        Executed.Add(plan);
        _scoreOf.TryAdd(Nothing, Score(1, 0));
        _bytesOf.TryAdd(Nothing, Original.Bytes);
        progress?.Report(new("reconstruct", 3, 40));
        var builder = new TestModel();
        builder.Input("x", "N", 3);
        var model = builder.Output(builder.Gemm("g", "x", 3, 2)).Build();
        _planOf[model] = plan;
        return new ExecutedPlan(plan, model, null!, []) { Cost = new ModelCost(1, 1, _bytesOf[plan]), Time = Times(plan) };
    }

    public ExecutedPlan Glance(CompressionPlan plan, IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        var made = Execute(plan, progress, cancellation);
        Executed.RemoveAt(Executed.Count - 1);
        Glanced.Add(plan);
        _glances[made.Model] = Few!(plan);
        return made;
    }

    PlanScore IPlanJudge.Score(OnnxModel compressed, CancellationToken cancellation) => _glances.TryGetValue(compressed, out var few) ? few : Overflows(_planOf[compressed])
        ? throw new OnnxCompressException(DiagnosticCodes.OutputNotFinite, "not finite")
        : _scoreOf[_planOf[compressed]];
}
