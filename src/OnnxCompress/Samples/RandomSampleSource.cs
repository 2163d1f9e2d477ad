using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>
/// Made-up samples in the shapes that a model declares, for counting and timing without data: standard normal numbers for
/// floating-point inputs, zeros for others, because a zero is a valid class, token and flag almost everywhere.
/// </summary>
public sealed class RandomSampleSource : ISampleSource
{
    private readonly IReadOnlyList<TensorInfo> _inputs;
    private readonly IReadOnlyList<long[]> _shapes;
    private readonly int _seed;
    private readonly (double Low, double High)? _range;

    /// <summary>Fixes the shapes.</summary>
    /// <param name="inputs">The inputs that must be fed; axis 0 is the batch.</param>
    /// <param name="count">How many samples there are.</param>
    /// <param name="seed">Another seed gives other numbers.</param>
    /// <param name="shapes">Full shapes by input name, for dynamic dimensions; axis 0 is ignored.</param>
    /// <param name="range">What values of floating-point inputs lie between, uniformly; null: standard normal.</param>
    /// <exception cref="OnnxCompressException">OCX3023: a dimension is dynamic and no shape is given; OCX3005: a given shape contradicts
    /// the model; OCX3021: a shape for an input that is not there.</exception>
    public RandomSampleSource(
        IReadOnlyList<TensorInfo> inputs, int count, int seed, IReadOnlyDictionary<string, IReadOnlyList<long>>? shapes = null,
        (double Low, double High)? range = null)
    {
        var unknown = shapes?.Keys.FirstOrDefault(name => inputs.All(input => input.Name != name));
        if (unknown is not null)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.InputUnmatched,
                $"The model has no input '{unknown}'; its inputs are {string.Join(", ", inputs.Select(input => $"'{input.Name}'"))}.");
        }

        (_inputs, Count, _seed, _range) = (inputs, count, seed, range);
        _shapes = [.. inputs.Select(input => SampleDims(input, shapes?.GetValueOrDefault(input.Name)))];
    }

    /// <inheritdoc />
    public int Count { get; }

    /// <inheritdoc />
    public IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices)
    {
        var tensors = new HostTensor[_inputs.Count];
        for (var input = 0; input < tensors.Length; input++)
        {
            var size = InputSizes.Count(_inputs[input], _shapes[input]);
            var values = Allocate(_inputs[input], InputSizes.Count(_inputs[input], indices.Length, size));
            for (var position = 0; position < indices.Length; position++)
            {
                Fill(values, position * size, size, new Random(unchecked((((_seed * 397) ^ indices[position]) * 397) ^ input)));
            }

            tensors[input] = new(_inputs[input].Name, _inputs[input].Type, [indices.Length, .. _shapes[input]], values);
        }

        return tensors;
    }

    private static long[] SampleDims(TensorInfo input, IReadOnlyList<long>? given)
    {
        if (given is not null && (given.Count == 0 || (input.Dims is not null
            && (input.Dims.Count != given.Count || input.Dims.Zip(given).Skip(1).Any(pair => pair.First.Value is { } fixedDim && fixedDim != pair.Second)))))
        {
            throw new OnnxCompressException(
                DiagnosticCodes.DataShapeMismatch, $"The shape [{string.Join(',', given)}] contradicts the model's input {input}.");
        }

        if (given is not null)
        {
            return [.. given.Skip(1)];
        }

        return input.Dims is { Count: > 0 } dims && dims.Skip(1).All(dim => dim.Value is not null)
            ? [.. dims.Skip(1).Select(dim => dim.Value!.Value)]
            : throw new OnnxCompressException(
                DiagnosticCodes.DimensionUnknown,
                $"The model's input {input} has dynamic dimensions; say how large they are: --shape {input.Name}=1,...");
    }

    private static Array Allocate(TensorInfo input, int length) => input.Type switch
    {
        ElementType.Float => new float[length],
        ElementType.Double => new double[length],
        ElementType.Float16 => new Half[length],
        ElementType.Int64 => new long[length],
        ElementType.Int32 => new int[length],
        ElementType.Int16 => new short[length],
        ElementType.Int8 => new sbyte[length],
        ElementType.UInt8 => new byte[length],
        ElementType.UInt16 => new ushort[length],
        ElementType.UInt32 => new uint[length],
        ElementType.UInt64 => new ulong[length],
        ElementType.Bool => new bool[length],
        _ => throw new OnnxCompressException(DiagnosticCodes.DataMalformed, $"An input of type {input.Type} cannot be made up: {input}."),
    };

    private void Fill(Array values, int start, int length, Random random)
    {
        for (var i = start; i < start + length; i++)
        {
            // Box-Muller; 1 - u keeps the logarithm finite.
            var value = _range is { } range
                ? range.Low + ((range.High - range.Low) * random.NextDouble())
                : Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            switch (values)
            {
                case float[] singles:
                    singles[i] = (float)value;
                    break;
                case double[] doubles:
                    doubles[i] = value;
                    break;
                case Half[] halves:
                    halves[i] = (Half)value;
                    break;
                default:
                    return;
            }
        }
    }
}
