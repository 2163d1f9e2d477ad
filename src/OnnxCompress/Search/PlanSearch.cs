using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Search;

/// <summary>
/// Finds the best plan within a budget, or the smallest model that keeps a share of the decisions. Limits count
/// evaluations, not seconds: the same data give the same plan on a slow machine.
/// </summary>
/// <param name="workshop">Makes plans and carries them out.</param>
/// <param name="judge">Compares them; null when there are no validation samples: then the first rule is taken.</param>
/// <param name="progress">Told how far the search is.</param>
/// <param name="cancellation">Stops the search.</param>
internal sealed class PlanSearch(Workshop workshop, PlanJudge? judge, IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
{
    /// <summary>Halvings of the budget: the smallest model is found to a 128th of the original.</summary>
    private const int Halvings = 7;

    /// <summary>Rules that are tried at each budget before it counts as too small.</summary>
    private const int RulesPerBudget = 3;

    /// <summary>
    /// A rule replaces one that comes before it, and wins more often, with a loss of at most this part of the other's: a few
    /// hundred validation samples do not tell smaller differences from chance.
    /// </summary>
    private const double Clear = 0.97;

    /// <summary>Whether there is anything to compare plans on.</summary>
    public bool CanJudge => judge is not null;

    /// <summary>Every plan that was scored, in the order of trial.</summary>
    public List<Draft> Tried { get; } = [];

    /// <summary>The best plan within a budget: of all rules, then by moves between sites while trials are left.</summary>
    /// <exception cref="OnnxCompressException">OCX5001: no rule meets the budget.</exception>
    public Draft Best(Budget budget)
    {
        (Draft Draft, PlanRule Rule)? best = null;
        OnnxCompressException? unreachable = null;
        var (trial, trials) = (0, workshop.Options.Trials ?? workshop.Rules.Count);
        Draft? Attempt(PlanRule rule)
        {
            Announce(trial++, trials);
            try
            {
                return Try(budget, rule);
            }
            catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.BudgetOutOfReach)
            {
                // Channels alone may not reach what channels and splits do.
                unreachable ??= e;
                return null;
            }
        }

        foreach (var rule in workshop.Rules.Take(trials).TakeWhile(_ => best is null || judge is not null))
        {
            if (Attempt(rule) is { } draft && (best is null || draft.Score!.Loss < Clear * best.Value.Draft.Score!.Loss))
            {
                best = (draft, rule);
            }
        }

        if (best is { } start && judge is not null && trial < trials)
        {
            best = (new LocalMoves(Attempt).Improve(start.Draft, start.Rule, trials - trial), start.Rule);
        }

        End(trials);
        return best?.Draft ?? throw unreachable!;
    }

    /// <summary>
    /// The smallest model that validation samples accept, found by halving; null when even the largest budget that
    /// removes anything is too small.
    /// </summary>
    /// <param name="accepts">Whether a score is good enough.</param>
    /// <returns>Accepted models by growing size, the smallest first.</returns>
    public IReadOnlyList<Draft> Smallest(Func<PlanScore, bool> accepts)
    {
        var accepted = new List<Draft>();
        var rules = workshop.Rules.ToList();
        var (low, high) = (0.0, 1.0);
        for (var i = 0; i < Halvings; i++)
        {
            var middle = (low + high) / 2;
            var found = FirstAccepted(new Budget { KeepCost = middle }, rules, accepts, i);
            if (found is null)
            {
                low = middle;
                continue;
            }

            high = middle;
            accepted.Insert(0, found);
            // What worked once is tried first next time.
            var at = rules.FindIndex(r => r.Name == found.Plan.Rule);
            var rule = rules[at];
            rules.RemoveAt(at);
            rules.Insert(0, rule);
        }

        End(Halvings * RulesPerBudget);
        return accepted;
    }

    // Without a judge one plan is carried out, and its stages speak for themselves.
    private void Announce(int plan, int plans)
    {
        workshop.Watch.Announces = judge is null;
        if (judge is not null)
        {
            progress?.Report(new ProgressUpdate("search", plan, plans));
        }
    }

    private void End(int plans)
    {
        Announce(plans, plans);
        workshop.Watch.Announces = true;
    }

    private Draft? FirstAccepted(Budget budget, IEnumerable<PlanRule> rules, Func<PlanScore, bool> accepts, int halving)
    {
        foreach (var (i, rule) in rules.Take(RulesPerBudget).Index())
        {
            Announce((halving * RulesPerBudget) + i, Halvings * RulesPerBudget);
            try
            {
                if (Try(budget, rule) is var draft && accepts(draft.Score!))
                {
                    return draft;
                }
            }
            catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.BudgetOutOfReach)
            {
                continue;
            }
        }

        return null;
    }

    private Draft Try(Budget budget, PlanRule rule)
    {
        cancellation.ThrowIfCancellationRequested();
        var draft = workshop.CarryOut(workshop.Plan(budget, rule, cancellation), judge is null ? progress : null, cancellation);
        if (judge is not null)
        {
            draft = draft with { Score = Judge(draft) };
            Tried.Add(draft);
        }

        return draft;
    }

    private PlanScore Judge(Draft draft)
    {
        try
        {
            return workshop.Watch.Time("compare", () => judge!.Score(draft.Model, cancellation));
        }
        catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.OutputNotFinite)
        {
            // A model that overflows is the worst of all, not the end of the search.
            return new PlanScore(0, 0, double.PositiveInfinity, double.PositiveInfinity);
        }
    }
}
