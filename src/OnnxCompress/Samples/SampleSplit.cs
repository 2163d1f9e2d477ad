using OnnxCompress.Diagnostics;

namespace OnnxCompress.Samples;

/// <summary>
/// Samples divided into three parts by content: equal samples land in the same part, and the order of the file does not
/// matter. Statistics feed the solvers, the validation part compares plans, the guard part is looked at once, at the end.
/// </summary>
/// <param name="Statistics">Indices for statistics, ascending.</param>
/// <param name="Validation">Indices that plans are compared on, ascending.</param>
/// <param name="Guard">Indices that the result is held against, ascending.</param>
internal sealed record SampleSplit(IReadOnlyList<int> Statistics, IReadOnlyList<int> Validation, IReadOnlyList<int> Guard)
{
    /// <summary>Share of the samples that plans are compared on.</summary>
    public const double ValidationShare = 0.15;

    /// <summary>Share of the samples that the result is held against, unless another is asked for or there are few.</summary>
    public const double DefaultGuardShare = 0.25;

    /// <summary>Of so many different samples or fewer the guard takes more by itself: a quarter of them would prove little.</summary>
    public const int Few = 300;

    /// <summary>The share that the guard takes of few samples; statistics need the rest.</summary>
    private const double ShareOfFew = 0.4;

    /// <summary>More samples than this say little more of a plan, and take longer with each.</summary>
    private const int EnoughValidation = 1000;

    /// <summary>The largest share that can be held out.</summary>
    public const double MaximumGuardShare = 0.8;

    /// <summary>Divides samples; reads each one once.</summary>
    /// <param name="source">The samples.</param>
    /// <param name="guardShare">In [0, <see cref="MaximumGuardShare"/>]; null: a quarter, and more of few samples.</param>
    /// <param name="seed">Another seed gives another division.</param>
    /// <param name="maximumStatistics">Keeps at most this many for statistics, chosen by content as well; null keeps all. What is left over
    /// compares plans too: of many that a search looks at, the one that few samples happen to like is taken less often.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="ArgumentOutOfRangeException">The share is out of range.</exception>
    /// <exception cref="OnnxCompressException">OCX3006 or OCX3002: a sample cannot be used.</exception>
    public static SampleSplit Create(
        ISampleSource source, double? guardShare, int seed, int? maximumStatistics, CancellationToken cancellation)
    {
        var (split, left) = Divide(source, guardShare, seed, maximumStatistics, cancellation);
        return left.Count == 0 ? split : split with { Validation = [.. split.Validation.Concat(left.Take(EnoughValidation - split.Validation.Count)).Order()] };
    }

    private static (SampleSplit Split, IReadOnlyList<int> Left) Divide(
        ISampleSource source, double? guardShare, int seed, int? maximumStatistics, CancellationToken cancellation)
    {
        if (guardShare is { } asked && !(asked >= 0 && asked <= MaximumGuardShare))
        {
            throw new ArgumentOutOfRangeException(nameof(guardShare), asked, $"The guard's share must lie in [0, {MaximumGuardShare}].");
        }

        // Ranks of hashes rather than hashes against thresholds: the shares are met even with few samples.
        var (ranked, hashes) = Rank(source, seed, cancellation);
        var guard = Part(ranked, hashes, 0, guardShare ?? Share(hashes.Distinct().Count()));
        var validation = Part(ranked, hashes, guard.Length, ValidationShare);
        var rest = ranked.AsSpan(guard.Length + validation.Length);
        var statistics = rest[..Math.Min(rest.Length, maximumStatistics ?? int.MaxValue)];
        var left = rest[statistics.Length..];
        // Copies of what statistics are taken from compare nothing.
        while (left.Length > 0 && statistics.Length > 0 && hashes[left[0]] == hashes[statistics[^1]])
        {
            left = left[1..];
        }

        return (new(Ascending(statistics), Ascending(validation), Ascending(guard)), left.ToArray());
    }

    /// <summary>Divides samples where none are held out for the end: twice as many as else compare plans.</summary>
    /// <param name="source">The samples.</param>
    /// <param name="seed">Another seed gives another division.</param>
    /// <param name="maximumStatistics">As for <see cref="Create"/>.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public static SampleSplit WithoutGuard(ISampleSource source, int seed, int? maximumStatistics, CancellationToken cancellation)
    {
        var split = Divide(source, ValidationShare, seed, maximumStatistics, cancellation).Split;
        return split with { Validation = [.. split.Validation.Concat(split.Guard).Order()], Guard = [] };
    }

    /// <summary>Some of the samples, chosen by content, so that neither their order nor the file they are in matters.</summary>
    /// <param name="source">The samples.</param>
    /// <param name="seed">Another seed gives another choice.</param>
    /// <param name="most">How many at most.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <returns>Indices, ascending.</returns>
    public static IReadOnlyList<int> Choose(ISampleSource source, int seed, int most, CancellationToken cancellation)
    {
        var ranked = Rank(source, seed, cancellation).Ranked;
        return Ascending(ranked.AsSpan(0, Math.Min(ranked.Length, most)));
    }

    /// <summary>Divides samples into parts of equal size, give or take one, by content: what a model is fed alike lies in one part.</summary>
    /// <param name="source">The samples.</param>
    /// <param name="folds">How many parts, at least 2.</param>
    /// <param name="seed">Another seed gives another division.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <returns>Indices of each part, ascending; parts are empty where fewer samples differ.</returns>
    /// <exception cref="OnnxCompressException">OCX3006 or OCX3002: a sample cannot be used.</exception>
    public static IReadOnlyList<IReadOnlyList<int>> Folds(ISampleSource source, int folds, int seed, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(folds, 2);
        var (places, parts) = (new Dictionary<UInt128, int>(), Enumerable.Range(0, folds).Select(_ => new List<int>()).ToArray());
        foreach (var index in Rank(source, seed, cancellation).Ranked)
        {
            cancellation.ThrowIfCancellationRequested();
            // The same numbers in another type hash otherwise there.
            var content = FedContent.Of(source, index);
            if (!places.TryGetValue(content, out var fold))
            {
                places[content] = fold = places.Count % folds;
            }

            parts[fold].Add(index);
        }

        return [.. parts.Select(part => part.Order().ToArray())];
    }

    // As many as of the few, until a quarter is more.
    private static double Share(int different) => Math.Clamp(ShareOfFew * Few / Math.Max(1, different), DefaultGuardShare, ShareOfFew);

    private static (int[] Ranked, ulong[] Hashes) Rank(ISampleSource source, int seed, CancellationToken cancellation)
    {
        var hashes = new ulong[source.Count];
        for (var index = 0; index < hashes.Length; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            hashes[index] = SampleContent.Hash(source, index, seed);
        }

        return ([.. Enumerable.Range(0, hashes.Length).OrderBy(index => hashes[index]).ThenBy(index => index)], hashes);
    }

    // The share, rounded down, and further to where the hash changes: duplicates stay together.
    private static ReadOnlySpan<int> Part(int[] ranked, ulong[] hashes, int start, double share)
    {
        var end = start + (int)(ranked.Length * share);
        while (end > start && end < ranked.Length && hashes[ranked[end]] == hashes[ranked[end - 1]])
        {
            end--;
        }

        return ranked.AsSpan(start, end - start);
    }

    private static int[] Ascending(ReadOnlySpan<int> indices)
    {
        var sorted = indices.ToArray();
        Array.Sort(sorted);
        return sorted;
    }
}
