using OnnxCompress.Dependencies;
using OnnxCompress.Dependencies.Streams;
using OnnxCompress.Models;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.Streams;

/// <summary>
/// Turns the weights around a residual stream: what writes it makes other channels, what reads it takes up the scale and the shift of the
/// normalisation in front of it and then reads those. With an orthogonal matrix no reader makes anything else than before.
/// </summary>
/// <param name="stream">The stream.</param>
/// <param name="backend">Multiplies.</param>
internal sealed class StreamWeights(ResidualStream stream, IDenseBackend backend)
{
    /// <summary>Rows of a weight that are turned at once.</summary>
    private const int BlockRows = 4096;

    /// <summary>Turns the whole stream; its normalisations are left with scales and shifts that nothing is to read any more.</summary>
    /// <param name="graph">Edited in place.</param>
    /// <param name="map"><c>width x width</c>, applied from the right; null: nothing is multiplied, only what is added has its place.</param>
    /// <returns>By constant, the layers whose outputs it was made for.</returns>
    public IReadOnlyDictionary<string, LinearLayer> Turn(ModelGraph graph, Matrix<double>? map)
    {
        var made = new Dictionary<string, LinearLayer>(StringComparer.Ordinal);
        foreach (var (constant, axis) in map is null ? [] : stream.Written)
        {
            Multiply(graph.Constant(constant)!, axis, map!);
        }

        foreach (var (layer, norm) in stream.Readers.Select(r => (r.Layer, r.Norm)))
        {
            var weight = graph.Constant(layer.Weight)!;
            if (norm?.Shift is { } shift && Response(weight, layer, graph.Constant(shift)!.ReadFloats()) is var response && response.Any(v => v != 0))
            {
                AddToBias(graph, layer, response, made);
            }

            if (map is not null)
            {
                Multiply(weight, layer.InputAxis, norm?.Scale is { } scale ? Scaled(map, graph.Constant(scale)!.ReadFloats()) : map);
            }
        }

        graph.Index();
        return made;
    }

    /// <summary>Multiplies along one axis of a constant, from the right.</summary>
    /// <param name="constant">Edited in place.</param>
    /// <param name="axis">Which axis.</param>
    /// <param name="map">As many rows as the axis has indices, and columns as it gets.</param>
    public void Multiply(Initializer constant, int axis, Matrix<double> map)
    {
        var dims = constant.Dims.ToArray();
        var (length, columns) = (map.Rows, map.Columns);
        var inner = (int)dims.Skip(axis + 1).Aggregate(1L, (product, d) => product * d);
        var rows = checked((int)(constant.Count / length));
        var values = constant.ReadFloats();
        dims[axis] = columns;
        var result = new float[checked(rows * columns)];
        var block = new Matrix<double>(Math.Min(rows, BlockRows), length);
        var turned = new Matrix<double>(block.Rows, columns);
        for (var first = 0; first < rows; first += BlockRows)
        {
            var count = Math.Min(BlockRows, rows - first);
            for (var r = 0; r < count; r++)
            {
                var (outer, at) = ((first + r) / inner, (first + r) % inner);
                for (var i = 0; i < length; i++)
                {
                    block[r, i] = values[(((outer * length) + i) * inner) + at];
                }
            }

            var part = turned.View.Window(0, 0, count, columns);
            backend.Multiply(1, block.View.Window(0, 0, count, length), Transpose.No, map, Transpose.No, 0, part);
            for (var r = 0; r < count; r++)
            {
                var (outer, at) = ((first + r) / inner, (first + r) % inner);
                for (var j = 0; j < columns; j++)
                {
                    result[(((outer * columns) + j) * inner) + at] = (float)turned[r, j];
                }
            }
        }

        constant.Write(dims, result);
    }

    private static Matrix<double> Scaled(Matrix<double> map, float[] scale)
    {
        var scaled = map.Clone();
        for (var i = 0; i < scaled.Rows; i++)
        {
            foreach (ref var value in scaled.Row(i))
            {
                value *= scale[i];
            }
        }

        return scaled;
    }

    /// <summary>What the layer makes of a constant on each of its inputs.</summary>
    private static double[] Response(Initializer weight, LinearLayer layer, float[] constants)
    {
        var values = weight.ReadFloats();
        int Stride(int axis) => (int)weight.Dims.Skip(axis + 1).Aggregate(1L, (product, d) => product * d);
        var (input, output) = (Stride(layer.InputAxis), Stride(layer.OutputAxis));
        var response = new double[weight.Dims[layer.OutputAxis]];
        for (var i = 0; i < values.Length; i++)
        {
            response[i / output % response.Length] += (double)values[i] * constants[i / input % constants.Length];
        }

        return response;
    }

    private static void AddToBias(ModelGraph graph, LinearLayer layer, double[] response, Dictionary<string, LinearLayer> made)
    {
        var node = graph.Producer(layer.Output)!;
        float[] added = [.. response.Select(v => (float)v)];
        if ((layer.Bias ?? (layer.Map.TakesBiasInput ? node.Input(2) : null)) is { } own && graph.Constant(own) is { Type: ElementType.Float } bias
            && bias.Count == response.Length && graph.Uses(own).Count == 1 && !graph.IsInput(own))
        {
            bias.Write([.. bias.Dims], [.. bias.ReadFloats().Zip(response, (v, r) => (float)(v + r))]);
            return;
        }

        var constant = graph.AddInitializer(graph.UniqueName($"{node.Name}/shift"), ElementType.Float, [added.Length]);
        constant.Write([added.Length], added);
        made.Add(constant.Name, layer);
        if (layer.Map.TakesBiasInput && node.Input(2) is null)
        {
            graph.AddInput(node, 2, constant.Name);
            return;
        }

        // A product has no bias of its own; behind what it makes, under the name that it had, comes the Add.
        var shifted = graph.UniqueName($"{layer.Output}/shifted");
        graph.ReplaceUses(layer.Output, shifted);
        graph.AddNode("Add", graph.UniqueName($"{node.Name}/shifted"), [layer.Output, constant.Name], [shifted]);
        graph.Index();
    }
}
