using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Search;

namespace OnnxCompress;

/// <summary>
/// Models of which single layers keep more bits than the others: the fewest that reach a goal, or as many as a budget has room for. Layers
/// are weighed by what they lose for each byte, or for each moment that they take longer; how long a mixed model takes is measured.
/// </summary>
/// <param name="options">What the user said.</param>
/// <param name="runs">Makes models.</param>
/// <param name="see">Looks at one.</param>
/// <param name="countsTime">Whether time is what is limited or made small, and not bytes.</param>
internal sealed class WiderForms(CompressionOptions options, FormRuns runs, Func<FormRun, FormCandidate> see, bool countsTime)
{
    /// <summary>Models that are made of one, at most.</summary>
    private const int MostMade = 3;

    /// <summary>Models that are timed to find out how many layers there is time for; each takes about a second.</summary>
    private const int MostTimed = 5;

    /// <summary>Less room than this is not told from none.</summary>
    private const double LeastTime = 0.01;

    private readonly List<ConsideredForm> _refused = [];

    /// <summary>Ends the search early.</summary>
    public TimeLimit Limit { get; init; } = TimeLimit.None;

    /// <summary>Those that could not be made, and why.</summary>
    public IReadOnlyList<ConsideredForm> Refused => _refused;

    /// <summary>
    /// The fewest layers of a model that keeps too little whose wider forms keep enough: what loses most in the form is what a few layers
    /// lose. One that keeps enough, the smallest of them, or else the one that came closest; null where nothing could be made.
    /// </summary>
    /// <param name="narrow">The model.</param>
    /// <param name="smallest">The share of bytes, or of time, that others reach: what is not below it is as good as none.</param>
    /// <param name="cancellation">Stops the search.</param>
    public FormCandidate? ToGoal(FormCandidate narrow, double smallest, CancellationToken cancellation)
    {
        var tried = new List<FormCandidate>();
        // Cheap layers first save bytes, or time, where many lose alike; where a few large ones lose most, nothing does but those.
        ToGoal(narrow, Steps(narrow, cancellation), tried, smallest, cancellation);
        if (!tried.Exists(c => c.Refused is null))
        {
            ToGoal(narrow, WiderLayers.Worst(narrow.Run.Made.Precision), tried, smallest, cancellation);
        }

        return tried.Where(c => c.Refused is null).OrderBy(c => countsTime ? c.Time ?? 1 : c.Run.ByteShare).Concat(tried.OrderBy(c => c.Score?.Loss ?? 0)).FirstOrDefault();
    }

    /// <summary>
    /// A model in numbers that were asked for, of which the layer that they ruin keeps more, and as many of those that lose most beside it
    /// as the goal needs. Empty where no layer stands out: then these are the numbers, and not a layer.
    /// </summary>
    /// <param name="narrow">A model that keeps too little.</param>
    /// <param name="cancellation">Stops the search.</param>
    public IEnumerable<FormCandidate> Held(FormCandidate narrow, CancellationToken cancellation)
    {
        var steps = WiderLayers.Worst(narrow.Run.Made.Precision);
        if (steps.Count == 0 || steps[0].Layer != WiderLayers.Ruined(narrow.Run.Made.Precision))
        {
            yield break;
        }

        for (var count = 1; count <= Math.Min(MostMade, steps.Count); count++)
        {
            if (Made(narrow, First(steps, count), cancellation) is { } made)
            {
                yield return made;
                if (made.Refused is null)
                {
                    yield break;
                }
            }
        }
    }

    /// <summary>What a budget leaves goes to the layers that lose most for what they take; null where there is no room, or nothing could be made.</summary>
    /// <param name="narrow">A model that meets it.</param>
    /// <param name="cancellation">Stops the search.</param>
    public FormCandidate? WithinBudget(FormCandidate narrow, CancellationToken cancellation) => countsTime
        ? WithinTime(narrow, options.Budget.KeepLatency!.Value, cancellation)
        : options.Budget.KeepBytes is { } share ? WithinBytes(narrow, share, cancellation) : null;

    private IReadOnlyList<(string Layer, NumberForm Form, long Bytes)> Steps(FormCandidate narrow, CancellationToken cancellation) => countsTime
        ? WiderLayers.ByTime(narrow.Run.Made.Precision, narrow.Run.Pipeline.ByteGains(narrow.Run.Made.Plan, cancellation))
        : WiderLayers.Of(narrow.Run.Made.Precision);

    private void ToGoal(
        FormCandidate narrow, IReadOnlyList<(string Layer, NumberForm Form, long Bytes)> steps, List<FormCandidate> tried, double smallest, CancellationToken cancellation)
    {
        var original = narrow.Run.Pipeline.Original.Bytes;
        var (low, high) = (1, steps.Count);
        for (var look = 0; look < MostMade && low <= high; look++)
        {
            // Few layers lose most, so that few are looked at more finely than many.
            var count = (int)Math.Sqrt(low * high);
            var wider = First(steps, count);
            var known = tried.Where(c => c.Refused is null).Select(c => countsTime ? c.Time ?? 1 : c.Run.ByteShare).Append(smallest).Min();
            if (countsTime ? narrow.Run.TimeShare(wider, cancellation) > known : narrow.Run.Made.Cost.Bytes + WiderLayers.BytesOf(steps, count) > known * original)
            {
                high = count - 1;
                continue;
            }

            var made = Made(narrow, wider, cancellation);
            tried.AddRange(made is null ? [] : [made]);
            (low, high) = made is { Refused: null } ? (low, count - 1) : (count + 1, high);
        }
    }

    private FormCandidate? WithinBytes(FormCandidate narrow, double share, CancellationToken cancellation)
    {
        var room = (long)((share * narrow.Run.Pipeline.Original.Bytes) - narrow.Run.Made.Cost.Bytes);
        var steps = Steps(narrow, cancellation);
        for (var look = 0; look < MostMade && WiderLayers.Within(steps, room, WiderLayers.Ruined(narrow.Run.Made.Precision)) is { Count: > 0 } wider; look++)
        {
            if (Made(narrow, wider, cancellation) is { Refused: null } made)
            {
                return made;
            }

            // Steps and nodes take some bytes beyond those of weights.
            const double Less = 0.8;
            room = (long)(room * Less);
        }

        return null;
    }

    /// <summary>How many layers there is time for is measured on models whose weights mean nothing; then one is made.</summary>
    private FormCandidate? WithinTime(FormCandidate narrow, double share, CancellationToken cancellation)
    {
        var gains = narrow.Run.Pipeline.ByteGains(narrow.Run.Made.Plan, cancellation);
        var steps = WiderLayers.ByTime(narrow.Run.Made.Precision, gains);
        if (!(narrow.Time < share - LeastTime))
        {
            // Where there is no time to spend, those stay that take longer in bytes, as thin layers do of which most was removed.
            steps = [.. steps.TakeWhile(s => gains.TryGetValue(s.Layer, out var gain) && gain <= 0)];
        }

        var (low, high, fits) = (1, steps.Count, 0);
        for (var look = 0; look < MostTimed && low <= high; look++)
        {
            // Most of a network may fit where there is much room, few layers where there is little.
            var count = (low + high) / 2;
            (low, high, fits) = narrow.Run.TimeShare(First(steps, count), cancellation) <= share ? (count + 1, high, count) : (low, count - 1, fits);
        }

        // Glances are short, and the luckiest would win: what seems to fit is timed as results are.
        for (var look = 0; look < MostMade && fits > 0 && narrow.Run.ResultTimeShare(First(steps, fits), cancellation) > share; look++)
        {
            const double Fewer = 0.75;
            fits = (int)(fits * Fewer);
        }

        return fits == 0 ? null : Made(narrow, First(steps, fits), cancellation);
    }

    private static Dictionary<string, NumberForm> First(IReadOnlyList<(string Layer, NumberForm Form, long Bytes)> steps, int count) =>
        steps.Take(count).ToDictionary(s => s.Layer, s => s.Form, StringComparer.Ordinal);

    private FormCandidate? Made(FormCandidate narrow, IReadOnlyDictionary<string, NumberForm> wider, CancellationToken cancellation)
    {
        if (!Limit.HasTimeFor(TimeLimit.Form))
        {
            return null;
        }

        try
        {
            return UnsolvableNumbers.Explain(() => see(runs.Widened(narrow.Run, wider, cancellation)));
        }
        catch (OnnxCompressException e)
        {
            _refused.Add(new ConsideredForm(narrow.Run.Form, 0, null) { RemovesNothing = narrow.Run.RemovesNothing, Wider = wider.Count, Refused = e.Diagnostic.Message });
            return null;
        }
    }
}
