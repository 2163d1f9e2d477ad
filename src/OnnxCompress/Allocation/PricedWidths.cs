using OnnxCompress.Selection;

namespace OnnxCompress.Allocation;

/// <summary>The widths that a channel group can have, with what each does to the network and what it costs.</summary>
internal sealed class PricedWidths
{
    /// <summary>Widths whose cost is worked out; between them it is close to a line.</summary>
    private const int MostKnots = 17;

    /// <summary>
    /// Between the sum of squares (2), and the largest error alone (infinite). Measured with least squares behind it, see
    /// docs/decisions/error-levels.md.
    /// </summary>
    private const double Power = 2.5;

    private readonly SiteCandidate _site;
    private readonly (int Width, int Kept)[] _choices;
    private readonly double[] _prices;

    /// <summary>Prices a group.</summary>
    /// <param name="site">The group.</param>
    /// <param name="price">What the model costs when these channels of the group stay, and all of everything else; any constant may be missing.</param>
    public PricedWidths(SiteCandidate site, Func<bool[], double> price)
    {
        _site = site;
        _choices = [.. Choices(site)];
        var knots = Math.Min(_choices.Length, MostKnots);
        _prices = new double[_choices.Length];
        for (var (knot, last) = (0, -1); knot < knots; knot++)
        {
            var at = knots == 1 ? 0 : (int)((long)knot * (_choices.Length - 1) / (knots - 1));
            _prices[at] = price(site.Keep(_choices[at].Width));
            Interpolate(last, at);
            last = at;
        }
    }

    /// <summary>What the widest choice costs more than the narrowest.</summary>
    public double Range => _prices[^1] - _prices[0];

    /// <summary>
    /// The width that is worth its price: the least <c>error^2.5 + level^2.5 * price / unit</c>. A group of average price
    /// ends near the level; one whose channels save little is not made to pay for the others.
    /// </summary>
    /// <param name="level">Error that one unit is worth.</param>
    /// <param name="unit">Price of an average group.</param>
    public int Choose(double level, double unit)
    {
        var worth = unit > 0 ? Math.Pow(level, Power) / unit : 0;
        var (best, least) = (0, double.PositiveInfinity);
        for (var i = 0; i < _choices.Length; i++)
        {
            var value = Math.Pow(_site.LevelOf(_choices[i].Kept), Power) + (worth * (_prices[i] - _prices[0]));
            (best, least) = value < least ? (i, value) : (best, least);
        }

        return _choices[best].Width;
    }

    /// <summary>The narrowest width whose error is at most the level, whatever it saves.</summary>
    public int Choose(double level)
    {
        var at = Array.FindIndex(_choices, c => _site.LevelOf(c.Kept) <= level);
        return _choices[at < 0 ? ^1 : at].Width;
    }

    /// <summary>One width for each set of channels that can stay.</summary>
    private static IEnumerable<(int Width, int Kept)> Choices(SiteCandidate site)
    {
        // A branch may go altogether, the last channel may not.
        var last = site.Group.Branch is null ? 0 : -1;
        for (var width = 0; width <= site.Group.Channels; width++)
        {
            var kept = site.Keep(width).Count(k => k);
            if (kept > last)
            {
                yield return (width, kept);
                last = kept;
            }

            // Widths up to the aligned one keep the same channels; in a concatenation each segment fills up for itself.
            width = site.Group.Segments.Count == 1 ? Math.Max(width, kept) : width;
        }
    }

    private void Interpolate(int from, int to)
    {
        for (var i = from + 1; i < to; i++)
        {
            var share = (double)(_choices[i].Kept - _choices[from].Kept) / (_choices[to].Kept - _choices[from].Kept);
            _prices[i] = ((1 - share) * _prices[from]) + (share * _prices[to]);
        }
    }
}
