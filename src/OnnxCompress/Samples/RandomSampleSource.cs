using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>
/// Made-up samples in the shapes that a model declares, for counting and timing without data: standard normal numbers for
/// floating-point inputs; for others what their names and uses suggest, and else zeros, because a zero is a valid class and flag
/// almost everywhere.
/// </summary>
public sealed class RandomSampleSource : ISampleSource
{
    private readonly FeedPlan _plan;
    private readonly IReadOnlyList<MadeUp> _rules;
    private readonly IReadOnlyList<long[]> _shapes;
    private readonly int _seed;
    private readonly (double Low, double High)? _range;

    /// <summary>Fixes the shapes, where only inputs are known.</summary>
    /// <param name="inputs">The inputs that must be fed.</param>
    /// <param name="count">How many samples there are.</param>
    /// <param name="seed">Another seed gives other numbers.</param>
    /// <param name="shapes">Full shapes by input name, for dynamic dimensions; the batch axis is ignored.</param>
    /// <param name="range">What values of floating-point inputs lie between, uniformly; null: standard normal.</param>
    /// <exception cref="OnnxCompressException">OCX3023: a dimension is dynamic and no shape is given; OCX3005: a given shape contradicts
    /// the model; OCX3021: a shape for an input that is not there; OCX3002: an input is no tensor of numbers.</exception>
    public RandomSampleSource(
        IReadOnlyList<TensorInfo> inputs, int count, int seed, IReadOnlyDictionary<string, IReadOnlyList<long>>? shapes = null,
        (double Low, double High)? range = null)
        : this(inputs, null, count, seed, shapes, range)
    {
    }

    private RandomSampleSource(
        IReadOnlyList<TensorInfo> inputs, ModelGraph? graph, int count, int seed, IReadOnlyDictionary<string, IReadOnlyList<long>>? shapes, (double Low, double High)? range)
    {
        CheckFeedable(inputs);
        (_plan, Count, _seed, _range) = (FeedPlan.Of(inputs), count, seed, range);
        _shapes = MadeUpShapes.Of(_plan, shapes ?? new Dictionary<string, IReadOnlyList<long>>());
        _rules = [.. inputs.Select(input => MadeUpInputs.Of(input, graph))];
    }

    /// <inheritdoc />
    public int Count { get; }

    /// <summary>Samples for a model, whose graph says what its inputs are: ids lie within the table that they index, masks hide nothing.</summary>
    /// <param name="model">The model.</param>
    /// <param name="count">How many samples there are.</param>
    /// <param name="seed">Another seed gives other numbers.</param>
    /// <param name="shapes">Full shapes by input name, for dynamic dimensions; the batch axis is ignored.</param>
    /// <param name="range">What values of floating-point inputs lie between, uniformly; null: standard normal.</param>
    /// <exception cref="OnnxCompressException">As for inputs alone.</exception>
    public static RandomSampleSource For(
        OnnxModel model, int count, int seed, IReadOnlyDictionary<string, IReadOnlyList<long>>? shapes = null, (double Low, double High)? range = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new(model.Inputs, model.Graph, count, seed, shapes, range);
    }

    /// <inheritdoc />
    public IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices)
    {
        var tensors = new HostTensor[_plan.Inputs.Count];
        for (var input = 0; input < tensors.Length; input++)
        {
            tensors[input] = Read(input, indices);
        }

        return tensors;
    }

    private HostTensor Read(int input, ReadOnlySpan<int> indices)
    {
        var feed = _plan.Inputs[input];
        if (feed.Input.OnlyPassesThrough)
        {
            return Batches.Strings(feed, indices.Length);
        }

        // What is fed once is the same whichever samples share the run.
        ReadOnlySpan<int> own = feed.BatchAxis is null ? [0] : indices;
        var size = InputSizes.Count(feed.Input, _shapes[input]);
        var values = Allocate(feed.Input, InputSizes.Count(feed.Input, own.Length, size));
        for (var position = 0; position < own.Length; position++)
        {
            Fill(values, position * size, size, input, new Random(unchecked((((_seed * 397) ^ own[position]) * 397) ^ input)));
        }

        return Batches.Of(feed, _shapes[input], own.Length, values);
    }

    /// <summary>Refuses inputs that nothing can be made up for.</summary>
    /// <exception cref="OnnxCompressException">OCX3002: an input is no tensor of numbers.</exception>
    internal static void CheckFeedable(IReadOnlyList<TensorInfo> inputs)
    {
        string[] others = [.. inputs.Where(input => !input.OnlyPassesThrough && InputNeeds.Unfeedable(input) is not null).Select(input => $"'{input.Name}' ({InputNeeds.Unfeedable(input)})")];
        if (others.Length > 0)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.DataMalformed, $"Values cannot be made up for the model's input{(others.Length == 1 ? "" : "s")} {string.Join(" and ", others)}: only tensors of numbers can be fed.");
        }
    }

    private static Array Allocate(TensorInfo input, int length) => input.Type.NewArray(length)
        ?? throw new OnnxCompressException(DiagnosticCodes.DataMalformed, $"An input of type {input.Type} cannot be made up: {input}.");

    private void Fill(Array values, int start, int length, int input, Random random)
    {
        var (rule, row) = (_rules[input], _shapes[input] is [.., var last] ? last : 1);
        if (rule.Kind == MadeUpKind.Free && !_plan.Inputs[input].Input.Type.IsFloatingPoint())
        {
            return;
        }

        var other = rule.Kind == MadeUpKind.Length ? LengthBeside(input) : 0;
        for (var i = 0; i < length; i++)
        {
            Store(values, start + i, rule.Kind switch
            {
                MadeUpKind.Constant => rule.Value,
                MadeUpKind.Rows => Math.Floor(random.NextDouble() * rule.Value),
                MadeUpKind.Positions => Math.Min(i % row, rule.Value - 1),
                MadeUpKind.Length => other,
                _ => Number(random),
            });
        }
    }

    /// <summary>How long the other inputs are: the first dynamic axis of one, else its last axis.</summary>
    private long LengthBeside(int input)
    {
        var beside = Enumerable.Range(0, _shapes.Count).Where(i => i != input && _shapes[i].Length > 0).ToArray();
        foreach (var i in beside)
        {
            var dynamic = _plan.Inputs[i].SampleDims?.Index().FirstOrDefault(dim => dim.Item.Value is null, (-1, default)).Index ?? -1;
            if (dynamic >= 0)
            {
                return _shapes[i][dynamic];
            }
        }

        return beside.Length == 0 ? 1 : _shapes[beside[0]][^1];
    }

    // Box-Muller; 1 - u keeps the logarithm finite.
    private double Number(Random random) => _range is { } range
        ? range.Low + ((range.High - range.Low) * random.NextDouble())
        : Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    // What a narrow type cannot hold becomes the largest that it can.
    private static void Store(Array values, int index, double value)
    {
        switch (values)
        {
            case float[] all:
                all[index] = (float)value;
                break;
            case double[] all:
                all[index] = value;
                break;
            case Half[] all:
                all[index] = (Half)value;
                break;
            case bool[] all:
                all[index] = value != 0;
                break;
            default:
                StoreWhole(values, index, value);
                break;
        }
    }

    private static void StoreWhole(Array values, int index, double value)
    {
        // By its own type and not by what the array converts to: to the runtime an array of bytes is one of signed bytes, too.
        switch (Type.GetTypeCode(values.GetType().GetElementType()))
        {
            case TypeCode.Int64:
                ((long[])values)[index] = long.CreateSaturating(value);
                break;
            case TypeCode.Int32:
                ((int[])values)[index] = int.CreateSaturating(value);
                break;
            case TypeCode.Int16:
                ((short[])values)[index] = short.CreateSaturating(value);
                break;
            case TypeCode.SByte:
                ((sbyte[])values)[index] = sbyte.CreateSaturating(value);
                break;
            case TypeCode.Byte:
                ((byte[])values)[index] = byte.CreateSaturating(value);
                break;
            case TypeCode.UInt16:
                ((ushort[])values)[index] = ushort.CreateSaturating(value);
                break;
            case TypeCode.UInt32:
                ((uint[])values)[index] = uint.CreateSaturating(value);
                break;
            default:
                ((ulong[])values)[index] = ulong.CreateSaturating(value);
                break;
        }
    }
}
