using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Dependencies;

/// <summary>Ranges, parts, borders and recurrent layers.</summary>
public sealed class PieceTests
{
    private const double Rounding = 1e-5;

    [Fact]
    public void Parts_of_one_layer_that_different_layers_read_are_groups_of_different_names()
    {
        var builder = Image();
        builder.Nodes("Split", "split", [builder.Conv("c1", "x", 3, 8), builder.Integers("sizes", 3, 5)], ["a", "b"], ("axis", 1));
        builder.Node("Add", "sum", [builder.Conv("ca", "a", 3, 2), builder.Conv("cb", "b", 5, 2)]);
        var bench = builder.Analyze("sum");

        Assert.Equal([3, 5], bench.Analysis.Groups.Select(g => g.Channels));
        Assert.Equal(2, bench.Analysis.Groups.Select(g => g.Name).Distinct().Count());
        Check(bench, (bench.Analysis.Groups[0].Name, [0, 2]), (bench.Analysis.Groups[1].Name, [1, 2, 4]));
    }

    [Theory]
    [InlineData("Mul")]
    [InlineData("Expand")]
    [InlineData("Flatten")]
    [InlineData("MatMul")]
    public void A_single_channel_that_is_repeated_or_dropped_stays(string op)
    {
        // Channel 2 of eight also goes its own way, as an axis of one index.
        var builder = Image();
        builder.Conv("c1", "x", 3, 8);
        builder.Node("Slice", "one", ["c1", builder.Integers("starts", 2), builder.Integers("ends", 3), builder.Integers("axes", 1)]);
        string[] more = op switch { "Mul" or "MatMul" => ["x"], "Expand" => [builder.Integers("size", 1, 3, 1, 1)], _ => [] };
        builder.Node("Flatten", "flat", [builder.Node(op, "op", ["one", .. more])]);
        builder.Node("Add", "sum", [builder.Gemm("f", "flat", op == "Flatten" ? 36 : 108, 2), builder.Gemm("g", builder.Node("Flatten", "all", ["c1"]), 288, 2)]);
        var bench = builder.Analyze("sum");

        foreach (var group in bench.Analysis.Groups)
        {
            Check(bench, (group.Name, Enumerable.Range(0, group.Channels).Where(c => !group.IsFree[c] || c == 5).ToArray()));
        }

        Assert.NotEmpty(bench.Analysis.Groups);
    }

    [Fact]
    public void A_range_keeps_at_least_one_channel()
    {
        // Both halves go their way and meet again: a half without channels could not be pooled.
        var builder = Image();
        builder.Nodes("Split", "split", [builder.Conv("c1", "x", 3, 8), builder.Integers("sizes", 3, 5)], ["a", "b"], ("axis", 1));
        builder.Node("Concat", "cat", ["b", builder.Node("MaxPool", "pool", ["a"], ("kernel_shape", new long[] { 1, 1 }))], ("axis", 1));
        builder.Conv("c2", "cat", 8, 2);

        var group = GroupAssert.Group(builder.Analyze("c2"), 8, ["c1"], ["c2"]);

        Assert.Equal([3, 5], group.Segments.Select(s => s.Length));
    }

    [Fact]
    public void A_range_stated_in_32_bits_is_restated()
    {
        var builder = Image();
        builder.Conv("c1", "x", 3, 8);
        builder.Node("Slice", "range", ["c1", Int32(builder, "starts", 2), Int32(builder, "ends", 7), Int32(builder, "axes", 1)]);
        builder.Node("Add", "sum", [builder.Conv("c2", "range", 5, 2), builder.Conv("c3", "c1", 8, 2)]);
        var bench = builder.Analyze("sum");

        Check(bench, (Assert.Single(bench.Analysis.Groups).Name, [0, 2, 3, 6]));
    }

    [Fact]
    public void A_range_that_is_computed_does_not_stop_the_rest()
    {
        // Of the positions, from half the length on: an int32 value that no constant holds.
        var builder = new TestModel();
        builder.Input("x", "N", "L", 4);
        builder.MatMul("m1", "x", 4, 6);
        builder.Node("Gather", "length", [builder.Node("Shape", "shape", ["x"]), builder.Integers("one", 1)], ("axis", 0));
        builder.Node("Cast", "half", [builder.Node("Div", "halves", ["length", builder.Integers("two", 2)])], ("to", 6));
        builder.Node("Slice", "tail", ["x", "half", Int32(builder, "end", 999), Int32(builder, "axes", 1)]);
        builder.Node("Add", "sum", [builder.Node("ReduceMean", "mean", ["tail"], ("axes", new long[] { 1 })), builder.MatMul("m2", "m1", 6, 4)]);
        var bench = builder.Analyze("sum");

        Check(bench, ("m1", [0, 3, 4]));
    }

    [Fact]
    public void A_padded_shortcut_loses_padding_and_channels()
    {
        var builder = Image();
        builder.Relu("s0", builder.Conv("stem", "x", 3, 4));
        builder.Node("Slice", "sub", ["s0", builder.Integers("starts", 0, 0), builder.Integers("ends", 99, 99), builder.Integers("axes", 2, 3), builder.Integers("steps", 2, 2)]);
        builder.Node("Pad", "pad", ["sub", builder.Integers("pads", 0, 2, 0, 0, 0, 2, 0, 0)]);
        builder.Conv("b", "s0", 4, 8, 3, pad: 1, stride: 2);
        builder.Conv("head", builder.Node("Add", "add", ["b", "pad"]), 8, 2);
        var bench = builder.Analyze("head");

        var group = Assert.Single(bench.Analysis.Groups);

        Assert.Equal(8, group.Channels);
        Check(bench, (group.Name, Enumerable.Range(0, 8).Where(c => !group.IsFree[c] || c % 3 != 1).ToArray()));
    }

    [Fact]
    public void The_input_of_a_recurrent_layer_shrinks_even_where_only_its_last_state_is_read()
    {
        var builder = new TestModel();
        builder.Input("x", "L", 1, 4);
        builder.MatMul("m", "x", 4, 6);
        builder.Nodes("GRU", "gru", ["m", builder.Weight("W", 1, 9, 6), builder.Weight("R", 1, 9, 3), builder.Weight("B", 1, 18)], ["", "last"], ("hidden_size", 3));
        var bench = builder.Analyze("last");

        GroupAssert.Group(bench, 6, ["m"], ["gru"]);
        Check(bench, ("m", [1, 2, 5]));
    }

    [Fact]
    public void The_inputs_of_two_directions_shrink_together()
    {
        var builder = new TestModel();
        builder.Input("x", "L", 1, 4);
        builder.MatMul("m", "x", 4, 6);
        builder.Nodes("LSTM", "lstm", ["m", builder.Weight("W", 2, 12, 6), builder.Weight("R", 2, 12, 3)], ["y"], ("hidden_size", 3), ("direction", "bidirectional"));

        var bench = builder.Analyze("y");

        GroupAssert.Group(bench, 6, ["m"], ["lstm"]);
        Check(bench, ("m", [0, 4]));
    }

    [Theory]
    [InlineData("DCR")]
    [InlineData("CRD")]
    public void The_pixels_of_a_channel_go_together(string mode)
    {
        var builder = Image();
        builder.Node("DepthToSpace", "d2s", [builder.Conv("c1", "x", 3, 12)], ("blocksize", 2), ("mode", mode));
        builder.Conv("c2", "d2s", 3, 2);
        var bench = builder.Analyze("c2");

        GroupAssert.Group(bench, 3, ["c1"], ["c2"]);
        Check(bench, ("c1", [0, 2]));
    }

    [Fact]
    public void Columns_of_an_embedding_table_are_channels()
    {
        var builder = new TestModel();
        builder.Input("ids", ElementType.Int64, "N", "L");
        builder.Node("Gather", "embed", [builder.Weight("table", 7, 8), "ids"]);
        builder.MatMul("m", "embed", 8, 3);
        var bench = builder.Analyze("m");

        var group = Assert.Single(bench.Analysis.Groups);

        Assert.Equal(8, group.Channels);
        Check(bench, (group.Name, [0, 1, 4, 6]));
    }

    private static string Int32(TestModel builder, string name, params int[] values)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)ElementType.Int32 };
        tensor.Dims.Add(values.Length);
        tensor.Int32Data.AddRange(values);
        builder.Graph.Initializer.Add(tensor);
        return name;
    }

    private static void Check(Workbench bench, params (string, int[])[] sites)
    {
        var sliced = bench.Slice(sites);

        ModelAssert.SameContract(bench.Model, sliced);
        ModelAssert.SameOutputs(bench.Silence(sites), sliced, Rounding, "the same products in another blocking", bench.Samples);
    }

    private static TestModel Image()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 6, 6);
        return builder;
    }
}
