using OnnxCompress.Forms;
using OnnxCompress.Selection;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Allocation;

/// <summary>
/// The search of ALDS (Liebenwein et al. 2021, section 3.3 and algorithm 1): the smallest maximum of the layers' bounds
/// under a budget. Ranks step: for fixed groups, one error level is bisected and each layer takes its smallest rank below
/// it. Groups step: each layer keeps its own budget and takes the groups with the least bound. Both never raise the
/// maximum; they alternate until it stands, from several starts, and the best end wins.
/// </summary>
/// <param name="layers">Spectra of every layer that may be split.</param>
/// <param name="allows">Whether the budget allows a choice of one shape for each layer, null for a layer left whole.</param>
/// <param name="price">What a split of a layer costs under this budget, or the whole layer for null.</param>
/// <param name="asReleased">Bounds without <c>sqrt(g)</c>, as in the authors' released code; for comparison only.</param>
internal sealed class AldsSearch(
    IReadOnlyList<AldsSpectra> layers, Func<SplitShape?[], bool> allows, Func<int, SplitShape?, double> price, bool asReleased = false)
{
    private const int Starts = 15;

    /// <summary>Steps nearly always stand still after three or four rounds.</summary>
    private const int MostRounds = 20;

    /// <summary>Starting groups of the first starts; the others are drawn.</summary>
    private static readonly int[] FirstGroups = [3, 5, 7, 9];

    /// <summary>Searches.</summary>
    /// <param name="seed">Draws the starts.</param>
    /// <returns>One entry for each layer, null where it stays whole; null when no start meets the budget.</returns>
    public SplitOption?[]? Run(int seed)
    {
        var random = new Random(seed);
        var starts = Enumerable.Range(0, Starts).Select(s => layers.Select(l => Start(l, s, random)).ToArray()).ToArray();
        SplitOption?[]? best = null;
        foreach (var groups in starts)
        {
            var end = From(groups);
            if (end is not null && (best is null || LargestError(end) < LargestError(best)))
            {
                best = end;
            }
        }

        return best;
    }

    /// <summary>The search over the layers of a model under its budget.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX5001: the budget cannot be met however much is removed.</exception>
    public static Allocated Run(IReadOnlyList<SplitCandidate> candidates, BudgetLimits limits, int seed, bool asReleased = false)
    {
        SplitCandidate[] open = [.. candidates.Where(c => c.Spectra is not null)];
        Allocated Of(IReadOnlyList<SplitOption?> choice)
        {
            var next = 0;
            return new Allocated([], [.. candidates.Select(c => c.Spectra is null ? null : choice[next++])]);
        }

        var search = new AldsSearch(
            [.. open.Select(c => c.Spectra!)], shapes => limits.Allow(Of([.. shapes.Select(s => s is null ? null : new SplitOption(s, 0))])),
            (layer, shape) => limits.Price(open[layer], open[layer].WholeSize, shape), asReleased);
        if (search.Run(seed) is { } found)
        {
            return Of(found);
        }

        limits.RequireReachable(Of([.. open.Select(c => c.Smallest(c.WholeSize, shape => limits.Price(c, c.WholeSize, shape)))]));
        throw new InvalidOperationException("The search missed a budget that its cheapest splits meet.");
    }

    /// <summary>The largest bound of a choice.</summary>
    public static double LargestError(IEnumerable<SplitOption?> choice) => choice.Max(o => o?.Error ?? 0);

    /// <summary>Ranks step: the smallest level whose ranks the budget allows; null when none does.</summary>
    public SplitOption?[]? Ranks(int[] groups)
    {
        var bounds = layers.Select((l, i) => l.Bounds(groups[i], asReleased)).ToArray();
        double[] levels = [.. bounds.SelectMany(b => b.Skip(1)).Append(0).Distinct().Order()];
        var (low, high) = (0, levels.Length - 1);
        if (!Allows(At(levels[high])))
        {
            return null;
        }

        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Allows(At(levels[middle])) ? (low, middle) : (middle + 1, high);
        }

        return At(levels[high]);

        SplitOption?[] At(double level) => [.. layers.Select((l, i) => Smallest(i, groups[i], bounds[i], level))];
    }

    /// <summary>Groups step: at its present cost, the groups that bound each split layer's error best.</summary>
    /// <param name="groups">Groups at present.</param>
    /// <param name="choice">What the ranks step chose for them.</param>
    public SplitOption?[] Groups(int[] groups, SplitOption?[] choice) =>
        [.. choice.Select((option, i) => option is null ? null : Regroup(i, option))];

    private SplitOption?[]? From(int[] groups)
    {
        var choice = Ranks(groups);
        // With many groups even rank one may be too dear.
        while (choice is null && groups.Any(g => g > 1))
        {
            groups = [.. layers.Select((l, i) => Nearest(l, groups[i] / 2))];
            choice = Ranks(groups);
        }

        for (var round = 0; choice is not null && round < MostRounds; round++)
        {
            var regrouped = Groups(groups, choice);
            groups = [.. groups.Select((g, i) => regrouped[i]?.Shape.Groups ?? g)];
            var next = Ranks(groups);
            if (next is null || LargestError(next) >= LargestError(choice))
            {
                break;
            }

            choice = next;
        }

        return choice;
    }

    private SplitOption Regroup(int index, SplitOption option)
    {
        var layer = layers[index];
        var budget = price(index, option.Shape);
        var best = option;
        foreach (var groups in AldsSplit.GroupsOf(layer.Size))
        {
            var bounds = layer.Bounds(groups, asReleased);
            var rank = LargestRank(index, groups, bounds.Length - 1, budget);
            if (rank >= 1 && bounds[rank] < best.Error)
            {
                best = new SplitOption(new SplitShape(SplitForm.Alds, rank, groups), bounds[rank]);
            }
        }

        return best;
    }

    /// <summary>The largest rank within a budget; prices grow with the rank. 0 when even rank one is too dear.</summary>
    private int LargestRank(int index, int groups, int most, double budget)
    {
        var (low, high) = (0, most);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = price(index, new SplitShape(SplitForm.Alds, middle, groups)) <= budget ? (middle, high) : (low, middle - 1);
        }

        return low;
    }

    /// <summary>The smallest rank whose bound is at most the level; null when that does not pay.</summary>
    private SplitOption? Smallest(int index, int groups, double[] bounds, double level)
    {
        var layer = layers[index];
        var rank = Math.Max(1, Array.FindIndex(bounds, b => b <= level));
        var shape = new SplitShape(SplitForm.Alds, rank, groups);
        var cost = SplitCost.Of(shape, layer.Size);
        return cost.Pays(layer.Size) && price(index, shape) < price(index, null) ? new SplitOption(shape, bounds[rank]) : null;
    }

    private bool Allows(SplitOption?[] choice) => allows([.. choice.Select(o => o?.Shape)]);

    private static int Start(AldsSpectra layer, int start, Random random)
    {
        var divisors = AldsSplit.GroupsOf(layer.Size);
        return start < FirstGroups.Length ? Nearest(layer, FirstGroups[start]) : divisors[random.Next(divisors.Length)];
    }

    /// <summary>The nearest possible number of groups; of two equally near ones the larger.</summary>
    private static int Nearest(AldsSpectra layer, int wanted) =>
        AldsSplit.GroupsOf(layer.Size).OrderBy(g => Math.Abs(g - wanted)).ThenByDescending(g => g).First();
}
