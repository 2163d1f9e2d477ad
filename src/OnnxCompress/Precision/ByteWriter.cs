using System.Runtime.InteropServices;
using OnnxCompress.Dependencies;
using OnnxCompress.Models;

namespace OnnxCompress.Precision;

/// <summary>Stores weights and biases as whole numbers, in the nodes that the runtime multiplies them with.</summary>
/// <param name="graph">The graph with its pairs; edited in place.</param>
/// <param name="pairs">The pairs.</param>
/// <param name="rounded">The values of weights, and steps of those that have them already.</param>
internal sealed class ByteWriter(ModelGraph graph, BytePairs pairs, RoundedWeights rounded)
{
    /// <summary>Puts a DequantizeLinear behind the weight and the bias of a layer whose input is in bytes.</summary>
    public void WriteStatic(LinearMap map)
    {
        var inputStep = (double)pairs.ScaleOf(map.Input)!.Value.Scale;
        var bias = map.BiasInput is { } name ? graph.Constant(name)!.ReadFloats() : null;
        var steps = Steps(map, map.OutputAxis, bias, inputStep);
        var grid = rounded.GridOf(map.Weight);
        var read = Dequantized(map.Weight, Whole(map.Weight, map.OutputAxis, steps, grid), steps, map.OutputAxis);
        map.Node.Proto.Input[map.WeightInput] = read;
        if (bias is not null)
        {
            var products = Array.ConvertAll(steps, step => (float)inputStep * step);
            var whole = new int[bias.Length];
            for (var o = 0; o < whole.Length; o++)
            {
                whole[o] = (int)Math.Clamp(Math.Round((double)bias[o] / products[o], MidpointRounding.ToEven), -WeightGrid.LargestBias, WeightGrid.LargestBias);
            }

            var stored = Stored(map.BiasInput!, ElementType.Int32, [whole.Length], MemoryMarshal.AsBytes(whole.AsSpan()).ToArray());
            map.Node.Proto.Input[2] = Dequantized(map.BiasInput!, stored, products, 0);
        }
    }

    /// <summary>
    /// Stores a weight in bytes and multiplies in floating point. Cast and Mul, not DequantizeLinear: of those two the runtime computes the
    /// weight once, while it loads, and lays it out as its kernels like it.
    /// </summary>
    public void WriteWeight(LinearMap map)
    {
        var steps = Steps(map, map.OutputAxis, null, 0);
        var stored = Whole(map.Weight, map.OutputAxis, steps, rounded.GridOf(map.Weight));
        var rank = graph.Constant(map.Weight)!.Dims.Count;
        long[] along = [.. Enumerable.Range(0, rank).Select(axis => axis == map.OutputAxis ? (long)steps.Length : 1)];
        var (step, value, read) = (graph.UniqueName($"{map.Weight}/s"), graph.UniqueName($"{map.Weight}/cast"), graph.UniqueName($"{map.Weight}/read"));
        graph.AddInitializer(step, ElementType.Float, along).Write(along, steps);
        graph.AddNode("Cast", value, [stored], [value]).SetInt("to", (long)ElementType.Float);
        graph.AddNode("Mul", read, [value, step], [read]);
        map.Node.Proto.Input[map.WeightInput] = read;
    }

    /// <summary>
    /// Replaces a matrix product by DynamicQuantizeLinear, MatMulInteger, Cast and Mul, which the runtime computes as one, and an
    /// Add for a bias of its own.
    /// </summary>
    public void WriteDynamic(LinearMap map)
    {
        var (read, output, name) = (graph.Producer(map.Input)!, map.Output, map.Node.Name);
        var steps = Steps(map, map.OutputAxis, null, 0);
        var weight = WholeMatrix(map, steps);
        var bias = map.BiasInput;
        graph.Remove(map.Node);
        string Add(string opType, string what, params string[] inputs)
        {
            var made = graph.UniqueName($"{name}/{what}");
            var node = graph.AddNode(opType, made, inputs, [made]);
            if (opType == "Cast")
            {
                node.SetInt("to", (long)ElementType.Float);
            }

            return made;
        }

        var step = graph.UniqueName($"{map.Weight}/s");
        graph.AddInitializer(step, ElementType.Float, [steps.Length]).Write([steps.Length], steps);
        var sum = Add("MatMulInteger", "sum", read.Inputs[0], weight, read.Inputs[2]);
        var value = Add("Cast", "cast", sum);
        var scale = Add("Mul", "scale", read.Inputs[1], step);
        var last = bias is null ? output : graph.UniqueName($"{name}/product");
        graph.AddNode("Mul", bias is null ? name : graph.UniqueName($"{name}/mul"), [value, scale], [last]);
        if (bias is not null)
        {
            graph.AddNode("Add", name, [last, bias], [output]);
        }
    }

    /// <summary>Looks rows of a table up in bytes, and their steps beside them: only rows that are looked up become floats.</summary>
    public void WriteTable(LinearMap map)
    {
        var (node, output) = (map.Node, map.Output);
        var rows = (int)graph.Constant(map.Weight)!.Dims[0];
        // Rows of a table are not multiplied: they have all eight bits.
        var full = new WeightGrid(WeightGrid.Full);
        var steps = new float[rows];
        for (var r = 0; r < rows; r++)
        {
            steps[r] = full.WholeStep(Channel(map.Weight, 0, r), 0, 0);
        }

        var whole = Whole(map.Weight, 0, steps, full);
        var step = graph.UniqueName($"{map.Weight}/s");
        graph.AddInitializer(step, ElementType.Float, [rows, 1]).Write([rows, 1], steps);
        string Name(string what) => graph.UniqueName($"{node.Name}/{what}");
        var (bytes, scale, value) = (Name("q"), Name("s"), Name("cast"));
        node.Proto.Input[0] = whole;
        node.Proto.Output[0] = bytes;
        graph.AddNode("Gather", scale, [step, node.Inputs[1]], [scale]).CopyAttributes(node);
        graph.AddNode("Cast", value, [bytes], [value]).SetInt("to", (long)ElementType.Float);
        graph.AddNode("Mul", Name("mul"), [value, scale], [output]);
    }

    private float[] Steps(LinearMap map, int axis, float[]? bias, double inputStep)
    {
        var (known, grid) = (rounded.StepsOf(map.Weight)?.Values, rounded.GridOf(map.Weight));
        var channels = (int)graph.Constant(map.Weight)!.Dims[axis];
        var steps = new float[channels];
        for (var o = 0; o < channels; o++)
        {
            var needed = grid.WholeStep(known is null ? Channel(map.Weight, axis, o) : [], bias?[o] ?? 0, inputStep);
            // Without a weight and a bias nothing is needed of the step.
            steps[o] = known is null ? needed : bias is null || bias[o] == 0 || inputStep == 0 ? known[o] : Math.Max(known[o], needed);
        }

        return steps;
    }

    private double[] Channel(string weight, int axis, int channel)
    {
        var constant = graph.Constant(weight)!;
        var (values, inner) = (Values(weight), Inner(constant, axis));
        var channels = (int)constant.Dims[axis];
        var found = new double[values.Length / channels];
        for (var i = 0; i < found.Length; i++)
        {
            found[i] = values[(((i / inner * channels) + channel) * inner) + (i % inner)];
        }

        return found;
    }

    private string Whole(string weight, int axis, float[] steps, WeightGrid of)
    {
        var constant = graph.Constant(weight)!;
        var (values, inner) = (Values(weight), Inner(constant, axis));
        var bytes = new byte[values.Length];
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = unchecked((byte)of.Quantize(values[i], steps[i / inner % steps.Length]));
        }

        return Stored(weight, ElementType.Int8, [.. constant.Dims], bytes);
    }

    /// <summary>The weight of a product with its inputs first.</summary>
    private string WholeMatrix(LinearMap map, float[] steps)
    {
        var grid = rounded.GridOf(map.Weight);
        if (map.OutputAxis == 1)
        {
            return Whole(map.Weight, 1, steps, grid);
        }

        var values = Values(map.Weight);
        var (outputs, inputs) = (map.Outputs, map.Inputs);
        var bytes = new byte[values.Length];
        for (var o = 0; o < outputs; o++)
        {
            for (var i = 0; i < inputs; i++)
            {
                bytes[(i * outputs) + o] = unchecked((byte)grid.Quantize(values[(o * inputs) + i], steps[o]));
            }
        }

        return Stored(map.Weight, ElementType.Int8, [inputs, outputs], bytes);
    }

    private float[]? _values;
    private string? _valuesOf;

    // One weight is read for each of its channels.
    private float[] Values(string weight)
    {
        if (_valuesOf != weight)
        {
            (_valuesOf, _values) = (weight, graph.Constant(weight)!.ReadFloats());
        }

        return _values!;
    }

    private static int Inner(Initializer constant, int axis) => constant.Dims.Skip(axis + 1).Aggregate(1, (product, d) => product * checked((int)d));

    private string Dequantized(string of, string stored, float[] steps, int axis)
    {
        var type = graph.Initializers[stored].Type;
        var read = graph.UniqueName($"{of}/dq");
        var (step, zero) = Constants(of, type, steps);
        // An int32 has no zero point.
        var node = graph.AddNode("DequantizeLinear", read, type == ElementType.Int32 ? [stored, step] : [stored, step, zero], [read]);
        node.SetInt("axis", axis);
        return read;
    }

    private (string Step, string Zero) Constants(string of, ElementType type, float[] steps)
    {
        var (step, zero) = (graph.UniqueName($"{of}/s"), "");
        graph.AddInitializer(step, ElementType.Float, [steps.Length]).Write([steps.Length], steps);
        if (type == ElementType.Int8)
        {
            zero = graph.UniqueName($"{of}/z");
            graph.AddInitializer(zero, type, [steps.Length]).WriteBytes([steps.Length], new byte[steps.Length]);
        }

        return (step, zero);
    }

    private string Stored(string of, ElementType type, ReadOnlySpan<long> dims, byte[] bytes)
    {
        var name = graph.UniqueName($"{of}/q");
        graph.AddInitializer(name, type, dims).WriteBytes(dims, bytes);
        return name;
    }
}
