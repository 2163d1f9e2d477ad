using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Search;

/// <summary>
/// Finds the best plan within a budget, or the smallest model that keeps a share of the decisions. Limits count
/// evaluations, not seconds: the same data give the same plan on a slow machine, unless <see cref="Limit"/> ends the search.
/// </summary>
/// <param name="planner">Makes plans.</param>
/// <param name="executor">Carries them out.</param>
/// <param name="judge">Compares them; null when there are no validation samples: then the first rule is taken.</param>
/// <param name="watch">Times what it does, and is told how far the search is.</param>
/// <param name="trials">Models that may be carried out for one budget; null: one for each rule.</param>
/// <param name="cancellation">Stops the search.</param>
internal sealed class PlanSearch(
    IPlanner planner, IPlanExecutor executor, IPlanJudge? judge, StageWatch watch, int? trials, CancellationToken cancellation)
{
    /// <summary>Halvings of the budget: the smallest model is found to a 128th of the original.</summary>
    private const int Halvings = 7;

    private const double Finest = 1.0 / (1 << Halvings);

    /// <summary>The share that tells whether a network stands anything removed at all.</summary>
    private const double Gentle = 1 - (1.0 / 16);

    /// <summary>Behind those, bytes are looked at more coarsely, by the rules that did best.</summary>
    private const int ByteHalvings = 3, ByteRules = 2;

    /// <summary>Plans of other numbers that are carried out in these, at most.</summary>
    private const int MostStarts = 3;

    /// <summary>Rules that are tried before a budget counts as hopeless.</summary>
    private const int Telling = 3;

    /// <summary>
    /// A rule replaces one that comes before it, and wins more often, with a loss of at most this part of the other's: a few
    /// hundred validation samples do not tell smaller differences from chance.
    /// </summary>
    private const double Clear = 0.97;

    /// <summary>Of plans that chance may tell apart, one replaces another that takes this much longer by the table for this CPU.</summary>
    private const double Faster = 0.98;

    /// <summary>What is smaller than others by less is not worth a search.</summary>
    private const double Gain = 0.97;

    private PlanTrials? _trials;
    private PlanGlances? _glances;
    private int _round;

    // Rules that did not do at the share that was accepted last.
    private HashSet<string> _failed = new(StringComparer.Ordinal);

    /// <summary>The rules that can be tried.</summary>
    public IReadOnlyList<PlanRule> Rules => Only is { Count: > 0 } ? [.. Only.SelectMany(name => planner.Rules.Where(r => r.Name == name))] : planner.Rules;

    /// <summary>Names of those that may be tried, in that order; null or none for all.</summary>
    public IReadOnlyCollection<string>? Only { get; init; }

    /// <summary>Ends the search early.</summary>
    public TimeLimit Limit { get; init; } = TimeLimit.None;

    /// <summary>Whether there is anything to compare plans on.</summary>
    public bool CanJudge => judge is not null;

    /// <summary>The share, in what was made small, that <see cref="Smallest"/> came to.</summary>
    public double Reached { get; private set; } = 1;

    /// <summary>What <see cref="Smallest"/> gave.</summary>
    public IReadOnlyList<ScoredPlan> Accepted { get; private set; } = [];

    /// <summary>Every plan that was scored, in the order of trial.</summary>
    public List<ScoredPlan> Tried => Trials.Tried;

    /// <summary>Rules that were not carried out at the last budget, as they were behind on few samples; each with its loss there over the least.</summary>
    public IEnumerable<(PlanRule Rule, double Behind)> LeftOut => Glances.LeftOut;

    /// <summary>The best plan within a budget: of all rules, then by moves between sites while trials are left.</summary>
    /// <param name="budget">The budget.</param>
    /// <param name="only">Name of the one rule that is tried; null for all.</param>
    /// <exception cref="OnnxCompressException">OCX5001: no rule meets the budget; OCX5006: none did by the time limit.</exception>
    public ExecutedPlan Best(Budget budget, string? only = null)
    {
        IReadOnlyList<PlanRule> rules = only is null ? Rules : [.. Rules.Where(r => r.Name == only)];
        (ScoredPlan Plan, PlanRule Rule)? best = null;
        OnnxCompressException? unreachable = null;
        var (trial, most) = (0, only is null ? trials ?? rules.Count : 1);
        ScoredPlan? Attempt(PlanRule rule)
        {
            if (!Limit.HasTimeFor(TimeLimit.Plan))
            {
                return null;
            }

            Announce(trial++, most);
            try
            {
                return Try(budget, rule);
            }
            catch (OnnxCompressException e) when (PlanTrials.IsNoPlan(e))
            {
                // Channels alone may not reach what channels and splits do.
                unreachable ??= e;
                return null;
            }
        }

        Prepare();
        var leastLoss = double.PositiveInfinity;
        PlanRule[] asked = [.. rules.Take(most)];
        var kept = CanGlance(asked) ? Glances.InTheRunning(budget, asked, i => watch.BeginRound("look", i, asked.Length)) : asked;
        trial += asked.Length - kept.Count;
        // Where the budget is met by removing nothing, all rules agree.
        foreach (var rule in kept.TakeWhile(_ => (best is null || (judge is not null && best.Value.Plan.Plan.Sites.Count > 0)) && Limit.HasTimeFor(TimeLimit.Plan)))
        {
            if (Attempt(rule) is not { } tried)
            {
                continue;
            }

            if (best is null || IsBetter(tried, best.Value.Plan, leastLoss))
            {
                best = (tried, rule);
                Trials.Keep();
            }

            leastLoss = Math.Min(leastLoss, tried.Score?.Loss ?? double.PositiveInfinity);
        }

        if (best is { } start && judge is not null && trial < most && start.Plan.Plan.Sites.Count > 0)
        {
            var least = start.Plan.Score!.Loss;
            ScoredPlan? Move(PlanRule rule)
            {
                var moved = Attempt(rule);
                if (moved is { Score.Loss: var loss } && loss < least)
                {
                    least = loss;
                    Trials.Keep();
                }

                return moved;
            }

            best = (new LocalMoves(Move).Improve(start.Plan, start.Rule, most - trial), start.Rule);
        }

        watch.EndRounds();
        return Realize(best?.Plan ?? throw (Limit.IsReached ? Limit.Failure : unreachable!));
    }

    /// <summary>The model of a plan that was tried.</summary>
    /// <exception cref="OnnxCompressException">OCX5006: it had to be made again, and there is no time for that.</exception>
    public ExecutedPlan Realize(ScoredPlan tried) => Trials.Realize(tried);

    /// <summary>
    /// The smallest model that validation samples accept, found by halving; null when even the largest budget that
    /// removes anything is too small. Of time, the fastest, and then within that time the one with fewest bytes.
    /// </summary>
    /// <param name="goal">What small means, and what a model must keep.</param>
    /// <returns>Accepted models by growing size, the smallest first.</returns>
    public IReadOnlyList<ScoredPlan> Smallest(CompressionGoal goal)
    {
        var accepted = new List<ScoredPlan>();
        Accepted = accepted;
        var rules = Rules.ToList();
        var (least, largest) = goal.Range;
        if (goal is { Objective: CompressionObjective.Latency, Range: (0, 1) } && StandsNothing(goal))
        {
            accepted.AddRange(PlanTrials.InTime(() => Try(planner.Nothing)) is { } nothing && goal.Accepts(nothing.Score!) ? [nothing] : []);
            watch.EndRounds();
            return accepted;
        }

        Prepare();
        if (largest < 1)
        {
            // Where others are this small already, few questions say whether there is anything to be found.
            largest *= Gain;
            if (largest <= least || (FirstStart(goal, largest) ?? FirstAccepted(goal.BudgetOf(largest), rules, goal).Plan) is not { } found)
            {
                watch.EndRounds();
                return [];
            }

            largest = Math.Min(largest, found.Share);
            accepted.Add(found with { Share = largest });
            Trials.Keep();
        }

        var share = Reached = Halve(goal, goal.BudgetOf, HalvingOf(goal, least, largest), rules, accepted);
        // Between other bounds numbers of fewer bits are looked at, which save the bytes.
        if (goal.Objective == CompressionObjective.Latency && accepted.Count > 0 && goal.Range == (0, 1))
        {
            var within = goal.BudgetOf(share);
            var smaller = new List<ScoredPlan>();
            Halve(goal, bytes => within with { KeepBytes = bytes }, new(0, (double)accepted[0].Bytes / planner.Original.Bytes, 0, ByteHalvings), [.. rules.Take(ByteRules)], smaller);
            // The guard is asked a few times only: of those that differ in bytes, once.
            accepted.InsertRange(0, smaller.Take(1).Select(s => s with { Share = share }));
        }
        else if (accepted.Count > 0)
        {
            accepted[0] = LeastLoss(accepted[0], goal, rules);
        }

        watch.EndRounds();
        return accepted;
    }

    /// <summary>A part of the range is looked at as finely as a gain in it counts.</summary>
    private static ShareHalving HalvingOf(CompressionGoal goal, double least, double largest) => goal.Range == (0, 1)
        ? new(least, largest, Finest, Halvings) { Leaps = [Gentle, 1 - Finest], Largest = goal.Objective == CompressionObjective.Latency ? Gain : 1 }
        : new(least, largest, (1 - Gain) * largest, Halvings);

    /// <summary>
    /// The smallest plan that keeps enough in these numbers too, of those that do in others: the smallest is asked first, then as the
    /// guard asks, between it and the largest.
    /// </summary>
    private ScoredPlan? FirstStart(CompressionGoal goal, double largest)
    {
        (CompressionPlan Plan, double Share)[] starts = [.. goal.Starts.Where(s => s.Share < largest)];
        ScoredPlan? best = null;
        var (low, high, at) = (0, starts.Length - 1, 0);
        for (var look = 0; look < MostStarts && low <= high && HasTime; look++)
        {
            Round();
            if (PlanTrials.InTime(() => Try(starts[at].Plan)) is not { } made)
            {
                break;
            }

            // Bytes are counted, other shares predicted.
            var share = goal.Objective == CompressionObjective.Bytes ? (double)made.Bytes / planner.Original.Bytes : starts[at].Share;
            if (goal.Accepts(made.Score!) && share <= largest)
            {
                best = made with { Share = share };
                high = at - 1;
                Trials.Keep();
            }
            else
            {
                low = at + 1;
            }

            at = (low + high) / 2;
        }

        if (best is not null)
        {
            Trials.Recall();
        }

        return best;
    }

    /// <summary>Of rules that come as far as the one that came first, the one that loses least: it is surest of the guard, and of samples to come.</summary>
    private ScoredPlan LeastLoss(ScoredPlan first, CompressionGoal goal, IReadOnlyList<PlanRule> rules)
    {
        var best = first;
        var able = rules.Where(r => !_failed.Contains(r.Name)).ToArray();
        foreach (var rule in (CanGlance(able) ? Glances.InTheRunning(goal.BudgetOf(first.Share), able, _ => Round()) : able).Where(r => r.Name != first.Plan.Rule).TakeWhile(_ => HasTime))
        {
            Round();
            if (PlanTrials.InTime(() => Try(goal.BudgetOf(first.Share), rule)) is { } made && goal.Accepts(made.Score!) && made.Score!.Loss < Clear * best.Score!.Loss)
            {
                best = made with { Share = first.Share };
                Trials.Keep();
            }
        }

        return best;
    }

    private double Halve(CompressionGoal goal, Func<double, Budget> budgetOf, ShareHalving halving, List<PlanRule> rules, List<ScoredPlan> accepted)
    {
        while (halving.Next() is { } share)
        {
            var (found, isFar) = FirstAccepted(budgetOf(share), rules, goal);
            if (found is null)
            {
                if (Limit.IsReached)
                {
                    break;
                }

                halving.Refuse(share, isFar);
                continue;
            }

            halving.Accept(share);
            accepted.Insert(0, found with { Share = share });
            Trials.Keep();
            // What worked once is tried first next time.
            var at = rules.FindIndex(r => r.Name == found.Plan.Rule);
            var rule = rules[at];
            rules.RemoveAt(at);
            rules.Insert(0, rule);
        }

        return halving.High;
    }

    /// <summary>
    /// Whether little removed loses far more than may be lost, however it is spread. Told by operations, before any layer is timed: where a
    /// network stands nothing, taking times is most of the work.
    /// </summary>
    private bool StandsNothing(CompressionGoal goal)
    {
        var tried = 0;
        PlanRule[] rules = [.. Rules.Where(r => !r.ByOperations)];
        // What one kind of removal does to a network another may not do.
        foreach (var rule in rules.Take(1).Concat(rules.Skip(1).OrderBy(r => r.Splits).Take(1)).TakeWhile(_ => HasTime))
        {
            Round();
            if (PlanTrials.InTime(() => Trials.Try(() => planner.Untimed(new Budget(KeepMacs: Gentle), rule, cancellation))) is { } made)
            {
                if (!goal.IsFarFrom(made.Score!))
                {
                    return false;
                }

                tried++;
            }
        }

        return tried > 0 && !Limit.IsReached;
    }

    /// <summary>Whether a plan keeps clearly more than another, or as much as any that was tried and is faster.</summary>
    private static bool IsBetter(ScoredPlan tried, ScoredPlan best, double leastLoss)
    {
        var loss = tried.Score!.Loss;
        return loss < Clear * best.Score!.Loss || (Clear * loss <= leastLoss && tried.Time < Faster * best.Time);
    }

    private PlanTrials Trials => _trials ??= new PlanTrials(executor, judge, watch, Limit, cancellation);

    private PlanGlances Glances => _glances ??= new PlanGlances(planner, executor, Trials.Judge, watch, Limit, cancellation);

    private bool CanGlance(PlanRule[] rules) => judge is not null && executor.CanGlance && rules.Length >= PlanGlances.WorthIt;

    private void Round() => Announce(_round++, Math.Max(_round, Halvings * Rules.Count));

    // Without a judge one plan is carried out, and its stages speak for themselves.
    private void Announce(int plan, int plans)
    {
        if (judge is not null)
        {
            watch.BeginRound("search", plan, plans);
        }
    }

    // A budget counts as too small where no rule meets it: which of them a network stands best is not known before. Where all of
    // some are far from what is wanted, the others are not tried.
    private (ScoredPlan? Plan, bool IsFar) FirstAccepted(Budget budget, List<PlanRule> rules, CompressionGoal goal)
    {
        var (tried, hopeless) = (0, true);
        var failed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var rule in rules)
        {
            if ((tried >= Telling && hopeless) || !HasTime)
            {
                break;
            }

            Round();
            if (PlanTrials.InTime(() => Try(budget, rule)) is not { } made)
            {
                continue;
            }

            if (goal.Accepts(made.Score!))
            {
                _failed = failed;
                return (made, false);
            }

            failed.Add(rule.Name);
            (tried, hopeless) = (tried + 1, hopeless && goal.IsFarFrom(made.Score!));
        }

        return (null, tried > 0 && hopeless);
    }

    // Taking times is no part of the time of a plan, and a stage of its own.
    private void Prepare() => Limit.Within(() =>
    {
        watch.EndRounds();
        planner.Prepare();
        return true;
    });

    // What a search without a budget finds still has to be proven, which may have to make it once more.
    private bool HasTime => Limit.HasTimeFor(TimeLimit.Plan, 2);

    private ScoredPlan Try(Budget budget, PlanRule rule) => Trials.Try(() => Glances.Plan(budget, rule));

    private ScoredPlan Try(CompressionPlan plan) => Trials.Try(() => plan);
}
