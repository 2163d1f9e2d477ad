using OnnxCompress.Allocation;

namespace OnnxCompress.Search;

/// <summary>
/// Improves a plan by moving the budget between sites: the errors of some sites are made to count more or less, the
/// allocator spreads the same budget anew, and what the validation samples like better stays. Errors of layers do not say
/// how much the network minds them; this finds out, site by site, those with the largest errors first.
/// </summary>
/// <param name="attempt">Carries out a rule and scores it; null where the budget cannot be met so.</param>
internal sealed class LocalMoves(Func<PlanRule, ScoredPlan?> attempt)
{
    /// <summary>How much more or less an error counts after a move.</summary>
    private const double Step = 1.25;

    /// <summary>The best plan within a number of evaluations.</summary>
    /// <param name="best">Where to start.</param>
    /// <param name="rule">The rule that made it.</param>
    /// <param name="evaluations">Models that may be carried out.</param>
    public ScoredPlan Improve(ScoredPlan best, PlanRule rule, int evaluations)
    {
        while (evaluations > 0)
        {
            var before = best;
            foreach (var move in Moves(best).ToArray())
            {
                // What helped once may help again.
                var isBetter = true;
                while (isBetter && evaluations > 0)
                {
                    var moved = rule with { Weights = Moved(rule.Weights, move) };
                    evaluations--;
                    var tried = attempt(moved);
                    isBetter = tried is not null && tried.Score!.Loss < best.Score!.Loss;
                    (best, rule) = isBetter ? (tried!, moved) : (best, rule);
                }
            }

            if (ReferenceEquals(before, best))
            {
                break;
            }
        }

        return best;
    }

    private static IEnumerable<(string Site, double Factor)> Moves(ScoredPlan from) =>
        from.Plan.Sites.OrderByDescending(s => s.PredictedError).SelectMany(s => new[] { (s.Site, Step), (s.Site, 1 / Step) });

    private static Dictionary<string, double> Moved(IReadOnlyDictionary<string, double> weights, (string Site, double Factor) move) =>
        new(weights, StringComparer.Ordinal) { [move.Site] = weights.GetValueOrDefault(move.Site, 1) * move.Factor };
}
