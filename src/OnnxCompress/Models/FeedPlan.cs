using OnnxCompress.Diagnostics;

namespace OnnxCompress.Models;

/// <summary>
/// How a model's inputs are fed, by what it declares: which axis of each counts samples, and which inputs have one value for all
/// samples. The batch has one name in a model; it is found on whatever axis an input carries it.
/// </summary>
/// <param name="Inputs">One for each input, in the model's order.</param>
/// <param name="FixedBatch">Samples that a run must have; null: any number.</param>
internal sealed record FeedPlan(IReadOnlyList<InputFeed> Inputs, int? FixedBatch)
{
    /// <summary>Whether samples lie along the first axis of every input.</summary>
    public bool IsSimple => Inputs.All(feed => feed.BatchAxis == 0);

    /// <summary>Reads the plan off the declarations.</summary>
    /// <param name="inputs">The model's inputs.</param>
    /// <exception cref="OnnxCompressException">OCX3025: a declared size is not positive, or a batch too large.</exception>
    public static FeedPlan Of(IReadOnlyList<TensorInfo> inputs)
    {
        foreach (var input in inputs)
        {
            InputSizes.CheckDeclared(input);
        }

        var symbol = BatchSymbol(inputs);
        var isDynamic = symbol is not null || inputs.Any(input => input.Dims is [{ Value: null, Symbol: null }, ..]);
        var fixedSize = isDynamic ? null : FixedSize(inputs);
        InputFeed[] feeds = [.. inputs.Select(input => new InputFeed(
            input, isDynamic ? DynamicAxis(input, symbol, inputs) : FixedAxis(input, fixedSize)))];
        var declared = feeds.FirstOrDefault(feed => feed is { BatchAxis: { } axis, Input.Dims: { } dims } && dims[axis].Value is not null);
        return new(feeds, declared is not null ? InputSizes.Count(declared.Input, declared.Input.Dims![declared.BatchAxis!.Value].Value!.Value)
            : feeds.All(feed => feed.BatchAxis is null) ? 1 : null);
    }

    /// <summary>How one input is fed; null where the model has no such input.</summary>
    public InputFeed? Find(string input) => Inputs.FirstOrDefault(feed => feed.Input.Name == input);

    /// <summary>
    /// The name that the batch bears: one that says so, else one that an input begins with; of several the one that most
    /// inputs carry. An axis that all inputs have fixed or nameless in front is no batch.
    /// </summary>
    private static string? BatchSymbol(IReadOnlyList<TensorInfo> inputs) => inputs
        .SelectMany((input, i) => (input.Dims ?? []).Select((dim, axis) => (Name: dim.Value is null ? dim.Symbol : null, Axis: axis, Input: i, Rank: input.Dims!.Count)))
        .Where(use => use.Name is not null)
        .GroupBy(use => use.Name!, StringComparer.Ordinal)
        .Where(uses => SaysBatch(uses.Key) || uses.Any(use => use.Axis == 0))
        .OrderByDescending(uses => IsBatchName(uses.Key))
        .ThenByDescending(uses => uses.Where(use => use.Rank > 1).Select(use => use.Input).Distinct().Count())
        .ThenBy(uses => uses.Min(use => use.Axis))
        .ThenBy(uses => uses.Min(use => use.Input))
        .FirstOrDefault()?.Key;

    private static bool SaysBatch(string name) => name.Contains("batch", StringComparison.OrdinalIgnoreCase);

    // Short names also stand for points and boxes: they count only where they are in front.
    private static bool IsBatchName(string name) => SaysBatch(name) || name is "N" or "n" or "B" or "b" or "bs" or "BS";

    private static int? DynamicAxis(TensorInfo input, string? symbol, IReadOnlyList<TensorInfo> inputs)
    {
        if (input.Dims is not { } dims)
        {
            return 0;
        }

        if (dims.Count == 0)
        {
            return null;
        }

        var shared = symbol is null ? -1 : Index(dims, dim => dim.Value is null && dim.Symbol == symbol);
        if (shared >= 0)
        {
            return shared;
        }

        if (dims[0].Value is null)
        {
            // A length that another input has further inside, as the positions of its tokens.
            return dims[0].Symbol is { } other && symbol is not null && !IsBatchName(other) && IsLength(other, inputs) ? null : 0;
        }

        var dynamic = dims.Count(dim => dim.Value is null);
        return dynamic == 1 && Index(dims, dim => dim is { Value: null, Symbol: null }) is var nameless and > 0 ? nameless
            : dims is [{ Value: 1 }, _, ..] ? 0
            : null;
    }

    private static bool IsLength(string symbol, IReadOnlyList<TensorInfo> inputs) =>
        inputs.Any(input => input.Dims is { Count: > 1 } dims && dims.Skip(1).Any(dim => dim.Value is null && dim.Symbol == symbol));

    /// <summary>The batch where every first axis is fixed: 1 when every input can have it, else what most inputs begin with.</summary>
    private static long? FixedSize(IReadOnlyList<TensorInfo> inputs)
    {
        TensorInfo[] shaped = [.. inputs.Where(input => input.Dims is { Count: > 0 })];
        return shaped.Length == 0 ? null
            : shaped.Any(input => input.Dims![0].Value == 1) && shaped.All(input => input.Dims!.Any(dim => dim.Value == 1)) ? 1
            : shaped.GroupBy(input => input.Dims![0].Value).MaxBy(group => group.Count())!.Key;
    }

    private static int? FixedAxis(TensorInfo input, long? size)
    {
        if (input.Dims is not { } dims)
        {
            return 0;
        }

        var axis = size == 1 ? Index(dims, dim => dim.Value == 1) : !input.HasNoBatch && dims is [var first, ..] && first.Value == size ? 0 : -1;
        return axis >= 0 ? axis : null;
    }

    private static int Index(IReadOnlyList<Dimension> dims, Func<Dimension, bool> matches)
    {
        var axis = dims.Count - 1;
        while (axis >= 0 && !(matches(dims[axis]) && !dims.Take(axis).Any(matches)))
        {
            axis--;
        }

        return axis;
    }
}
