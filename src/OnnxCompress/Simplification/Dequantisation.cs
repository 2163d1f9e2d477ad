using OnnxCompress.Models;

namespace OnnxCompress.Simplification;

/// <summary>
/// Reads layers in whole numbers as the layers that they stand for, with the weights that the whole numbers mean and without rounding
/// between them, so that they can be thinned, split and written back: Quantize and Dequantize pairs, products that quantise while they
/// run, tables in bytes, and the runtime's products and tables in blocks.
/// </summary>
internal static class Dequantisation
{
    private const string Microsoft = "com.microsoft";

    /// <summary>The input of a product in blocks that is added to its output.</summary>
    private const int BiasOfBlocks = 5;

    /// <summary>The model in floating point; itself where nothing of it is quantised.</summary>
    /// <param name="model">The model; not changed.</param>
    public static OnnxModel Of(OnnxModel model)
    {
        var made = model.Clone();
        var graph = made.Graph;
        // Weights first: what follows looks for constants.
        var edits = graph.Nodes.Count(n => ReadWeight(n, graph));
        graph.Index();
        edits += graph.Nodes.ToArray().Count(n => RepeatedChannels.ReadOnce(n, graph));
        edits += graph.Nodes.Count(n => ReadBlocks(n, graph) || ReadDynamic(n, graph) || ReadTable(n, graph) || ReadPad(n, graph) || Bypass(n, graph));
        if (edits == 0)
        {
            return model;
        }

        graph.Index();
        graph.RemoveDeadNodes();
        graph.RemoveUnusedInitializers();
        return made;
    }

    private static bool ReadWeight(GraphNode node, ModelGraph graph)
    {
        if (node is not { OpType: "DequantizeLinear", Domain: "" } || node.Int("block_size", 0) != 0 || graph.IsOutput(node.Outputs[0])
            || Whole(node.Inputs[0], graph) is not { } whole || Floats(node.Inputs[1], graph) is not { } scales || ZeroOf(node, graph) is not { } zeros)
        {
            return false;
        }

        long[] dims = [.. graph.Constant(node.Inputs[0])!.Dims];
        var axis = (int)node.Int("axis", 1);
        axis += axis < 0 ? dims.Length : 0;
        if (scales.Length > 1 && (axis >= dims.Length || scales.Length != dims[axis]))
        {
            return false;
        }

        var inner = scales.Length == 1 ? 1 : dims.Skip(axis + 1).Aggregate(1L, (product, d) => product * d);
        var values = new float[whole.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var channel = (int)(i / inner % scales.Length);
            values[i] = (whole[i] - zeros[zeros.Length == 1 ? 0 : channel]) * scales[channel];
        }

        graph.Remove(node);
        graph.AddInitializer(node.Outputs[0], ElementType.Float, dims).Write(dims, values);
        return true;
    }

    /// <summary>Lets the readers of a pair read what it rounds.</summary>
    private static bool Bypass(GraphNode node, ModelGraph graph)
    {
        if (node is not { OpType: "DequantizeLinear", Domain: "" } || graph.IsOutput(node.Outputs[0])
            || graph.Producer(node.Inputs[0]) is not { OpType: "QuantizeLinear" or "DynamicQuantizeLinear", Domain: "" } quantize)
        {
            return false;
        }

        graph.ReplaceUses(node.Outputs[0], Before(quantize, graph));
        graph.Remove(node);
        return true;
    }

    /// <summary>A Pad of bytes by their zero point pads zeros.</summary>
    private static bool ReadPad(GraphNode node, ModelGraph graph)
    {
        if (node is not { OpType: "DequantizeLinear", Domain: "" } || graph.IsOutput(node.Outputs[0]) || graph.Producer(node.Inputs[0]) is not { OpType: "Pad", Domain: "" } pad
            || graph.Uses(pad.Outputs[0]).Count != 1 || graph.Producer(pad.Inputs[0]) is not { OpType: "QuantizeLinear", Domain: "" } quantize
            || pad.Input(2) is not { } value || Whole(value, graph) is not [var padded] || ZeroOf(quantize, graph) is not [var zero] || padded != zero || !quantize.Inputs.Skip(1).SequenceEqual(node.Inputs.Skip(1)))
        {
            return false;
        }

        pad.Proto.Input[0] = Before(quantize, graph);
        pad.Proto.Input[2] = "";
        pad.Proto.Output[0] = node.Outputs[0];
        graph.Remove(node);
        return true;
    }

    /// <summary>What a pair rounds; a range that ends at zero has cut off what lies below.</summary>
    private static string Before(GraphNode quantize, ModelGraph graph)
    {
        var from = quantize.Inputs[0];
        if (quantize.OpType == "QuantizeLinear" && graph.Producer(from) is { OpType: "Conv" or "Gemm" or "MatMul" or "Add" } && ZeroOf(quantize, graph) is [var zero]
            && zero == (graph.Constant(quantize.Input(2) ?? "")?.Type == ElementType.Int8 ? sbyte.MinValue : byte.MinValue))
        {
            var relu = graph.UniqueName($"{from}/relu");
            graph.AddNode("Relu", relu, [from], [relu]);
            return relu;
        }

        return from;
    }

    /// <summary>Mul(Cast(MatMulInteger(q, W, zero)), Mul(scale, steps)), with q, scale and zero of one DynamicQuantizeLinear.</summary>
    private static bool ReadDynamic(GraphNode node, ModelGraph graph)
    {
        if (Integers(node, graph) is not { OpType: "MatMulInteger" } product || graph.Producer(product.Inputs[0]) is not { OpType: "DynamicQuantizeLinear" } quantize
            || graph.Producer(node.Inputs[1]) is not { OpType: "Mul" } scale || !scale.Inputs.Contains(quantize.Outputs[1])
            || Floats(scale.Inputs[scale.Inputs[0] == quantize.Outputs[1] ? 1 : 0], graph) is not { } steps
            || graph.Constant(product.Inputs[1]) is not { Dims.Count: 2 } weight || product.Input(3) is not null || Whole(product.Inputs[1], graph) is not { } whole
            || (steps.Length != 1 && steps.Length != weight.Dims[1]))
        {
            return false;
        }

        Replace(node, "MatMul", [quantize.Inputs[0]], (product.Inputs[1], [.. weight.Dims], [.. whole.Select((q, i) => q * steps[i % steps.Length])]), graph);
        return true;
    }

    /// <summary>Mul(Cast(Gather(table)), Gather(steps)).</summary>
    private static bool ReadTable(GraphNode node, ModelGraph graph)
    {
        if (Integers(node, graph) is not { OpType: "Gather" } look || graph.Producer(node.Inputs[1]) is not { OpType: "Gather" } beside || beside.Inputs[1] != look.Inputs[1]
            || look.Int("axis", 0) != 0 || graph.Constant(look.Inputs[0]) is not { Dims.Count: 2 } table || Whole(look.Inputs[0], graph) is not { } whole
            || Floats(beside.Inputs[0], graph) is not { } steps || steps.Length != table.Dims[0])
        {
            return false;
        }

        Replace(node, "Gather", [look.Inputs[1]], (look.Inputs[0], [.. table.Dims], [.. whole.Select((q, i) => q * steps[i / (int)table.Dims[1]])]), graph);
        return true;
    }

    private static bool ReadBlocks(GraphNode node, ModelGraph graph)
    {
        var (isTable, bits, block) = (node.OpType == "GatherBlockQuantized", (int)node.Int("bits", 4), (int)node.Int("block_size", 0));
        if (node.Domain != Microsoft || !(isTable || node.OpType == "MatMulNBits") || bits is not (4 or 8) || block == 0
            || node.Inputs.Skip(4).Where((_, i) => isTable || i != BiasOfBlocks - 4).Any(i => i.Length > 0) || graph.Constant(node.Inputs[isTable ? 0 : 1]) is not { Type: ElementType.UInt8 } packed
            || graph.IsInput(node.Inputs[isTable ? 0 : 1]) || Floats(node.Inputs[2], graph) is not { } steps || (isTable && (node.Int("gather_axis", 0) != 0 || node.Int("quantize_axis", 1) is not (1 or -1) || packed.Dims.Count != 2)))
        {
            return false;
        }

        var perByte = 8 / bits;
        var rows = (int)(isTable ? packed.Dims[0] : node.Int("N", 0));
        var columns = (int)(isTable ? packed.Dims[1] * perByte : node.Int("K", 0));
        var (bytes, blocks, zero) = (packed.ReadBytes(), (columns + block - 1) / block, 1 << (bits - 1));
        if (rows <= 0 || columns <= 0 || steps.Length != rows * blocks || bytes.Length % rows != 0)
        {
            return false;
        }

        if (ZerosOf(node.Input(3), bits, rows, blocks, graph) is not { } zeros)
        {
            return false;
        }

        var (values, width) = (new float[rows * columns], bytes.Length / rows);
        for (var i = 0; i < values.Length; i++)
        {
            var (row, column) = (i / columns, i % columns);
            var whole = (bytes[(row * width) + (column / perByte)] >> (column % perByte * bits)) & ((1 << bits) - 1);
            // A product is read with its inputs first.
            values[isTable ? i : (column * rows) + row] = (whole - (zeros.Length > 0 ? zeros[(row * blocks) + (column / block)] : zero)) * steps[(row * blocks) + (column / block)];
        }

        if (isTable)
        {
            Replace(node, "Gather", [node.Inputs[1]], (node.Inputs[0], [rows, columns], values), graph);
        }
        else
        {
            var (output, bias) = (node.Outputs[0], node.Input(BiasOfBlocks));
            if (bias is not null)
            {
                node.Proto.Output[0] = graph.UniqueName($"{node.Name}/product");
                graph.AddNode("Add", graph.UniqueName($"{node.Name}/bias"), [node.Outputs[0], bias], [output]);
            }

            Replace(node, "MatMul", [node.Inputs[0]], (node.Inputs[1], [columns, rows], values), graph);
        }

        return true;
    }

    /// <summary>Zero points of blocks, packed as the weight is, each row on its own; none where there are none, null in another form.</summary>
    private static float[]? ZerosOf(string? name, int bits, int rows, int blocks, ModelGraph graph)
    {
        if (name is null)
        {
            return [];
        }

        if (Floats(name, graph) is { } floats)
        {
            return floats.Length == rows * blocks ? floats : null;
        }

        var width = ((blocks * bits) + 7) / 8;
        return !graph.IsInput(name) && graph.Constant(name) is { Type: ElementType.UInt8 } packed && packed.Count == rows * width && packed.ReadBytes() is var bytes
            ? [.. Enumerable.Range(0, rows * blocks).Select(i => (float)((bytes[(i / blocks * width) + (i % blocks * bits / 8)] >> (i % blocks * bits % 8)) & ((1 << bits) - 1)))]
            : null;
    }

    /// <summary>What makes the whole numbers that a Mul with a Cast in front brings to scale.</summary>
    private static GraphNode? Integers(GraphNode node, ModelGraph graph) =>
        node is { OpType: "Mul", Domain: "", Inputs.Count: 2 } && graph.Producer(node.Inputs[0]) is { OpType: "Cast" } cast ? graph.Producer(cast.Inputs[0]) : null;

    private static void Replace(GraphNode node, string opType, string[] reads, (string Of, long[] Dims, float[] Values) weight, ModelGraph graph)
    {
        var name = graph.UniqueName($"{weight.Of}/float");
        graph.AddInitializer(name, ElementType.Float, weight.Dims).Write(weight.Dims, weight.Values);
        graph.Remove(node);
        graph.AddNode(opType, node.Name, opType == "Gather" ? [name, .. reads] : [.. reads, name], [node.Outputs[0]]);
    }

    private static float[]? Floats(string name, ModelGraph graph) => graph.Constant(name) is { Type: ElementType.Float } constant && !graph.IsInput(name) ? constant.ReadFloats() : null;

    /// <summary>The zero points of a pair; zero where none are given; null for those that are no constants.</summary>
    private static int[]? ZeroOf(GraphNode node, ModelGraph graph) => node.Input(2) is { } zero ? Whole(zero, graph) : [0];

    private static int[]? Whole(string name, ModelGraph graph) => graph.IsInput(name) ? null : graph.Constant(name) switch
    {
        { Type: ElementType.Int8 } constant => Array.ConvertAll(constant.ReadBytes(), b => (int)unchecked((sbyte)b)),
        { Type: ElementType.UInt8 } constant => Array.ConvertAll(constant.ReadBytes(), b => (int)b),
        { Type: ElementType.Int32 } constant => Array.ConvertAll(constant.ReadIntegers(), i => (int)i),
        _ => null,
    };
}
