using System.Globalization;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>The shape of one sample of each input: as declared, as given, or as another input's given shape says of the same name.</summary>
internal static class MadeUpShapes
{
    /// <summary>One shape for each input, without the batch axis.</summary>
    /// <param name="plan">The inputs.</param>
    /// <param name="given">Shapes of runs by input name.</param>
    /// <exception cref="OnnxCompressException">OCX3005: a shape contradicts the model; OCX3021: one is for no input; OCX3023: a size is not known.</exception>
    public static IReadOnlyList<long[]> Of(FeedPlan plan, IReadOnlyDictionary<string, IReadOnlyList<long>> given)
    {
        var shapes = Known(plan, given);
        InputFeed[] open = [.. plan.Inputs.Where((_, i) => shapes[i] is null)];
        return open.Length == 0 ? [.. shapes.Select(shape => shape!)] : throw Unknown(open, "");
    }

    /// <summary>The inputs that have a size which is not known.</summary>
    /// <param name="plan">The inputs.</param>
    /// <param name="given">Shapes of runs by input name.</param>
    /// <exception cref="OnnxCompressException">OCX3005: a shape contradicts the model; OCX3021: one is for no input.</exception>
    public static IReadOnlyList<InputFeed> Open(FeedPlan plan, IReadOnlyDictionary<string, IReadOnlyList<long>> given)
    {
        var shapes = Known(plan, given);
        return [.. plan.Inputs.Where((_, i) => shapes[i] is null)];
    }

    /// <summary>OCX3023 for inputs with sizes that are not known.</summary>
    /// <param name="open">The inputs.</param>
    /// <param name="tried">What else is to be said; a sentence, or nothing.</param>
    public static OnnxCompressException Unknown(IReadOnlyList<InputFeed> open, string tried) => new(
        DiagnosticCodes.DimensionUnknown,
        $"The model's input{(open.Count == 1 ? "" : "s")} {InputNeeds.Names(open.Select(feed => feed.Input))} {(open.Count == 1 ? "has" : "have")} dynamic dimensions; "
        + $"{tried}say how large they are, for instance {InputNeeds.Shapes(open)}");

    private static long[]?[] Known(FeedPlan plan, IReadOnlyDictionary<string, IReadOnlyList<long>> given)
    {
        var inputs = plan.Inputs.Select(feed => feed.Input.Name).ToHashSet(StringComparer.Ordinal);
        var unknown = given.Keys.FirstOrDefault(name => !inputs.Contains(name));
        if (unknown is not null)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.InputUnmatched,
                $"The model has no input '{unknown}'; its inputs are {string.Join(", ", plan.Inputs.Select(feed => $"'{feed.Input.Name}'"))}.");
        }

        var names = Names(plan, given);
        return [.. plan.Inputs.Select(feed => given.TryGetValue(feed.Input.Name, out var shape) ? feed.SampleOf(shape) : Declared(feed, names))];
    }

    /// <summary>What given shapes say of names; the batch's is none of them.</summary>
    public static Dictionary<string, long> Names(FeedPlan plan, IReadOnlyDictionary<string, IReadOnlyList<long>> given)
    {
        var names = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var feed in plan.Inputs.Where(feed => given.ContainsKey(feed.Input.Name)))
        {
            var shape = given[feed.Input.Name];
            if (shape.Count == 0 && feed.Input.Dims is not { Count: 0 } || (feed.Input.Dims is { } declared
                && (declared.Count != shape.Count || declared.Index().Any(dim => dim.Index != feed.BatchAxis && dim.Item.Value is { } size && size != shape[dim.Index]))))
            {
                throw new OnnxCompressException(
                    DiagnosticCodes.DataShapeMismatch, $"The shape [{string.Join(',', shape)}] contradicts the model's input {feed.Input}.");
            }

            foreach (var (axis, dim) in (feed.Input.Dims ?? []).Index().Where(dim => dim.Index != feed.BatchAxis && dim.Item.Symbol is not null))
            {
                names.TryAdd(dim.Symbol!, shape[axis]);
            }
        }

        return names;
    }

    private static long[]? Declared(InputFeed feed, Dictionary<string, long> names)
    {
        if (feed.Input.OnlyPassesThrough)
        {
            return [];
        }

        long?[]? sizes = feed.SampleDims is { } dims ? [.. dims.Select(dim => dim.Value ?? Size(dim.Symbol, names))] : null;
        return sizes is null || sizes.Any(size => size is null) ? null : [.. sizes.Select(size => size!.Value)];
    }

    /// <summary>What a name stands for; exporters also write sums, as <c>past + length</c>. Null where it is not known.</summary>
    public static long? Size(string? symbol, IReadOnlyDictionary<string, long> names)
    {
        long? sum = 0;
        foreach (var term in symbol?.Split('+', StringSplitOptions.TrimEntries) ?? [])
        {
            sum += names.TryGetValue(term, out var known) ? known
                : long.TryParse(term, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
        }

        return symbol is null ? null : sum;
    }
}
