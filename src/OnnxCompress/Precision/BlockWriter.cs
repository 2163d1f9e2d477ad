using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;

namespace OnnxCompress.Precision;

/// <summary>Stores weights alone in whole numbers with a step for each block of inputs, in operators that the runtime brings.</summary>
/// <param name="model">The model; edited in place.</param>
/// <param name="rounded">The values of weights, and steps of those that have them already.</param>
internal sealed class BlockWriter(OnnxModel model, RoundedWeights rounded)
{
    private const string Domain = "com.microsoft";

    /// <summary>Multiplies in bytes: activations are rounded for each block while the model runs.</summary>
    private const int InBytes = 4;

    private delegate float StepOfBlock(ReadOnlySpan<double> weights);

    private readonly ModelGraph _graph = model.Graph;

    /// <summary>Rounds a weight to nearest in place and notes its steps: it stays single floats, with values of its grid.</summary>
    public static void Round(ModelGraph graph, LinearMap map, RoundedWeights rounded)
    {
        var (values, grid) = (Values(graph, map), rounded.GridOf(map.Weight));
        var steps = Steps(values, grid, block => grid.BlockStep(block, []));
        var nearest = grid.Round(values, steps);
        // What a table gives are its rows; of what a product gives the weights alone say nothing.
        rounded.Note(map.Weight, steps, map.Kind == LinearKind.Table ? RelativeError(values, nearest) : double.NaN, map.Kind == LinearKind.Table ? RelativeError(values, nearest) : double.NaN);
        nearest = IsTurned(map) ? nearest.Transpose() : nearest;
        var weight = graph.Constant(map.Weight)!;
        weight.Write([.. weight.Dims], [.. nearest.Values.ToArray().Select(v => (float)v)]);
    }

    private static double RelativeError(Matrix<double> values, Matrix<double> rounded)
    {
        var (error, energy) = (0.0, 0.0);
        foreach (var (value, near) in values.Values.ToArray().Zip(rounded.Values.ToArray()))
        {
            (error, energy) = (error + ((value - near) * (value - near)), energy + (value * value));
        }

        return energy > 0 ? Math.Sqrt(error / energy) : 0;
    }

    /// <summary>Replaces a matrix product by one that reads its weight in blocks, and an Add for a bias of its own.</summary>
    public void WriteProduct(LinearMap map)
    {
        var (input, output, name, bias) = (map.Input, map.Output, map.Node.Name, map.BiasInput);
        var (grid, weight, step) = Stored(map);
        _graph.Remove(map.Node);
        var product = bias is null ? output : _graph.UniqueName($"{name}/product");
        var node = Add("MatMulNBits", bias is null ? name : product, [input, weight, step], product);
        node.SetInt("K", map.Inputs);
        node.SetInt("N", map.Outputs);
        node.SetInt("bits", grid.Bits);
        node.SetInt("block_size", grid.Block);
        node.SetInt("accuracy_level", InBytes);
        if (bias is not null)
        {
            _graph.AddNode("Add", name, [product, bias], [output]);
        }
    }

    /// <summary>Looks rows up in blocks: only those that are looked up become floats.</summary>
    public void WriteTable(LinearMap map)
    {
        var (rows, output, name) = (map.Node.Inputs[1], map.Output, map.Node.Name);
        var (grid, weight, step) = Stored(map);
        _graph.Remove(map.Node);
        var node = Add("GatherBlockQuantized", name, [weight, rows, step], output);
        node.SetInt("bits", grid.Bits);
        node.SetInt("block_size", grid.Block);
        node.SetInt("gather_axis", 0);
        node.SetInt("quantize_axis", 1);
    }

    /// <summary>The whole numbers of a row, two to a byte where they have 4 bits, the first in the lower half; the last block of a row is filled up with zeros.</summary>
    /// <param name="values">Values of the grid.</param>
    /// <param name="steps">Their steps.</param>
    /// <param name="grid">The grid.</param>
    /// <param name="columns">Columns that are stored.</param>
    internal static byte[] Packed(Matrix<double> values, WeightSteps steps, WeightGrid grid, int columns)
    {
        var perByte = 8 / grid.Bits;
        var width = columns / perByte;
        var bytes = new byte[values.Rows * width];
        for (var o = 0; o < values.Rows; o++)
        {
            for (var i = 0; i < columns; i++)
            {
                // They are stored without a sign: the least is 0.
                var whole = (i < values.Columns ? grid.Quantize(values[o, i], steps[o, i]) : 0) - grid.Least;
                bytes[(o * width) + (i / perByte)] |= (byte)(whole << (i % perByte * grid.Bits));
            }
        }

        return bytes;
    }

    private GraphNode Add(string opType, string name, string[] inputs, string output)
    {
        model.Import(Domain, 1);
        var node = _graph.AddNode(opType, name, inputs, [output]);
        node.Proto.Domain = Domain;
        return node;
    }

    private (WeightGrid Grid, string Weight, string Step) Stored(LinearMap map)
    {
        var (values, grid) = (Values(_graph, map), rounded.GridOf(map.Weight));
        // Of an outline nothing but its size counts.
        var steps = rounded.StepsOf(map.Weight) ?? Steps(values, grid, block => grid.WholeBlockStep(block));
        // A table ends with its columns; the operands of products are filled up.
        var isTable = map.Kind == LinearKind.Table;
        var columns = isTable ? values.Columns : steps.Blocks * grid.Block;
        var (weight, step) = (_graph.UniqueName($"{map.Weight}/q"), _graph.UniqueName($"{map.Weight}/s"));
        var bytes = Packed(values, steps, grid, columns);
        long[] dims = isTable ? [values.Rows, bytes.Length / values.Rows] : [values.Rows, steps.Blocks, bytes.Length / values.Rows / steps.Blocks];
        _graph.AddInitializer(weight, ElementType.UInt8, dims).WriteBytes(dims, bytes);
        long[] places = isTable ? [values.Rows, steps.Blocks] : [steps.Values.Length];
        _graph.AddInitializer(step, ElementType.Float, places).Write(places, steps.Values);
        return (grid, weight, step);
    }

    /// <summary>Rows whose blocks have steps: output channels of a product, rows of a table.</summary>
    private static Matrix<double> Values(ModelGraph graph, LinearMap map) => map.Kind == LinearKind.Table ? map.Read(graph).Transpose() : map.Read(graph);

    /// <summary>Whether such rows are columns of the weight as it is stored.</summary>
    private static bool IsTurned(LinearMap map) => map.Kind != LinearKind.Table && !map.OutputsFirst;

    private static WeightSteps Steps(Matrix<double> values, WeightGrid grid, StepOfBlock stepOf)
    {
        var steps = new WeightSteps(values.Rows, values.Columns, grid.Block);
        for (var o = 0; o < values.Rows; o++)
        {
            for (var from = 0; from < values.Columns; from += grid.Block)
            {
                steps[o, from] = stepOf(values.Row(o)[from..Math.Min(values.Columns, from + grid.Block)]);
            }
        }

        return steps;
    }
}
