namespace OnnxCompress.Search;

/// <summary>
/// Improves a plan by moving the budget between sites: the errors of some sites are made to count more or less, the
/// allocator spreads the same budget anew, and what the validation samples like better stays. Errors of layers do not say
/// how much the network minds them; this finds out. First the beginning, the middle and the end of the network, then
/// single sites, those with the largest errors first.
/// </summary>
/// <param name="attempt">Carries out a rule and scores it; null where the budget cannot be met so.</param>
internal sealed class LocalMoves(Func<PlanRule, Draft?> attempt)
{
    /// <summary>How much more or less an error counts after a move.</summary>
    private const double Step = 1.5;

    private const int Parts = 3;

    /// <summary>The best draft within a number of evaluations.</summary>
    /// <param name="best">Where to start.</param>
    /// <param name="rule">The rule that made it.</param>
    /// <param name="evaluations">Models that may be carried out.</param>
    public Draft Improve(Draft best, PlanRule rule, int evaluations)
    {
        while (evaluations > 0)
        {
            var before = best;
            foreach (var move in Moves(best))
            {
                // What helped once may help again.
                var isBetter = true;
                while (isBetter && evaluations > 0)
                {
                    var moved = rule with { Weights = Moved(rule.Weights, move) };
                    evaluations--;
                    var draft = attempt(moved);
                    isBetter = draft is not null && draft.Score!.Loss < best.Score!.Loss;
                    (best, rule) = isBetter ? (draft!, moved) : (best, rule);
                }
            }

            if (ReferenceEquals(before, best))
            {
                break;
            }
        }

        return best;
    }

    private static IEnumerable<(string[] Sites, double Factor)> Moves(Draft draft)
    {
        string[] sites = [.. draft.Plan.Sites.Select(s => s.Site)];
        var parts = sites.Length < 2 * Parts ? [] : sites.Chunk((sites.Length + Parts - 1) / Parts);
        var single = draft.Plan.Sites.OrderByDescending(s => s.PredictedError).Select(s => new[] { s.Site });
        return parts.Concat(single).SelectMany(s => new[] { (s, Step), (s, 1 / Step) });
    }

    private static Dictionary<string, double> Moved(IReadOnlyDictionary<string, double> weights, (string[] Sites, double Factor) move)
    {
        var moved = weights.ToDictionary(StringComparer.Ordinal);
        foreach (var site in move.Sites)
        {
            moved[site] = moved.GetValueOrDefault(site, 1) * move.Factor;
        }

        return moved;
    }
}
