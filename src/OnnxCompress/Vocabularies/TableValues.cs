using OnnxCompress.Models;

namespace OnnxCompress.Vocabularies;

/// <summary>Tables as floats, in whatever form they are stored: only to tell which rows are near each other.</summary>
internal static class TableValues
{
    /// <summary>The values, rows x width.</summary>
    /// <param name="table">The tables that are looked up together.</param>
    /// <param name="graph">The graph they lie in.</param>
    public static float[] Of(LookedUpTable table, ModelGraph graph)
    {
        var values = graph.Constant(table.Name)!;
        if (values.Type.IsFloatingPoint())
        {
            return values.ReadFloats();
        }

        var bytes = values.ReadBytes();
        if (table.LookUps.FirstOrDefault(l => l.Node.OpType == "GatherBlockQuantized" && l.Names.First() == table.Name) is { } blocks)
        {
            return InBlocks(blocks.Node, bytes, table.Rows, graph);
        }

        // Steps of rows lie in a table of their own, one for each.
        var steps = table.Names.Select(graph.Constant).FirstOrDefault(t => t!.Count == table.Rows && t.Type.IsFloatingPoint())?.ReadFloats();
        var (width, isSigned) = (bytes.Length / table.Rows, values.Type == ElementType.Int8);
        var floats = new float[bytes.Length];
        for (var i = 0; i < floats.Length; i++)
        {
            floats[i] = (isSigned ? unchecked((sbyte)bytes[i]) : bytes[i]) * (steps is null ? 1 : steps[i / width]);
        }

        return floats;
    }

    private static float[] InBlocks(GraphNode node, byte[] bytes, int rows, ModelGraph graph)
    {
        var (bits, block) = ((int)node.Int("bits", 4), (int)node.Int("block_size", 128));
        var steps = graph.Constant(node.Inputs[2])!.ReadFloats();
        var zeros = node.Input(3) is { } name ? graph.Constant(name)!.ReadBytes() : null;
        var perByte = 8 / bits;
        var (width, blocks) = (bytes.Length / rows * perByte, steps.Length / rows);
        var values = new float[rows * width];
        for (var i = 0; i < values.Length; i++)
        {
            var (row, column) = (i / width, i % width);
            var b = Math.Min(column / block, blocks - 1);
            var zero = zeros is null ? 1 << (bits - 1) : At(zeros, zeros.Length / rows, row, b, bits);
            values[i] = (At(bytes, bytes.Length / rows, row, column, bits) - zero) * steps[(row * blocks) + b];
        }

        return values;
    }

    private static int At(byte[] bytes, int stride, int row, int column, int bits) =>
        (bytes[(row * stride) + (column * bits / 8)] >> (column * bits % 8)) & ((1 << bits) - 1);
}
