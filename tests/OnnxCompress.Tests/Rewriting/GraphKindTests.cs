using System.Runtime.InteropServices;
using Google.Protobuf;
using OnnxCompress.Allocation;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Numerics;
using OnnxCompress.Selection;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Rewriting;

/// <summary>
/// Layers in words that exporters, converters and optimisers use. Half of the 32 hidden channels of each model are copies:
/// removing them is exact, whatever the layer is called, and the runtime says so.
/// </summary>
public sealed class GraphKindTests
{
    /// <summary>The hidden channels are 32 of each model's layers; without the copies half the parameters stay.</summary>
    private const double Share = 0.56;

    [Fact]
    public void A_matrix_with_a_leading_axis_of_one_is_a_linear_layer() => Check(Products((test, name, input, from, to) =>
    {
        Reshape(test, Copied(test, name, from, to), 1, from, to);
        return test.Node("MatMul", name, [input, $"{name}.w"]);
    }));

    [Fact]
    public void A_matrix_with_more_axes_than_what_it_multiplies_keeps_its_shape()
    {
        var test = new TestModel();
        Reshape(test, test.Weight("w", 8, 4), 1, 8, 4);
        var model = test.Output(test.Node("MatMul", "product", [test.Input("x", "n", 8), "w"]), 1, "n", 4).Build();

        var result = Compress(model, Budget.None);

        Assert.Equal([1, 8, 4], result.Graph.Initializers["w"].Dims);
        ModelAssert.SameOutputs(model, result, 1e-6, "nothing changed");
    }

    [Theory]
    [InlineData("btd,dh->bth", false)]
    [InlineData("btd, hd -> bth", true)]
    [InlineData("...d,dh->...h", false)]
    public void An_einsum_over_one_index_is_a_linear_layer(string equation, bool turned) => Check(Products((test, name, input, from, to) =>
    {
        Copied(test, name, from, to);
        if (turned)
        {
            Turn(test, $"{name}.w");
        }

        return test.Node("Einsum", name, [input, $"{name}.w"], ("equation", equation));
    }));

    [Theory]
    [InlineData("bt,bs->ts")]
    [InlineData("bt,ts->sb")]
    [InlineData("bt,bt->b")]
    public void Another_einsum_stays_what_it_is(string equation)
    {
        var test = new TestModel();
        var model = test.Output(test.Node("Einsum", "sum", [test.Input("x", 6, 6), test.Weight("w", 6, 6)], ("equation", equation))).Build();

        var result = Compress(model, Budget.None);

        Assert.Equal("Einsum", Assert.Single(result.Graph.Nodes).OpType);
        ModelAssert.SameOutputs(model, result, 1e-6, "nothing changed");
    }

    [Theory]
    [InlineData(1f, false)]
    [InlineData(0.5f, true)]
    public void A_fused_product_is_a_linear_layer(float alpha, bool turned) => Check(Products((test, name, input, from, to) =>
    {
        Copied(test, name, from, to);
        if (turned)
        {
            Turn(test, $"{name}.w");
        }

        return Custom(test, test.Node("FusedMatMul", name, [input, $"{name}.w"], ("alpha", alpha), ("transB", turned ? 1 : 0)));
    }));

    [Fact]
    public void Channels_pass_a_bias_and_activation_in_one_node() => Check(Products(
        (test, name, input, from, to) =>
        {
            Copied(test, name, from, to);
            return test.Node("MatMul", name, [input, $"{name}.w"]);
        },
        (test, input) => Custom(test, test.Node("BiasGelu", "gelu", [input, test.Floats("gelu.b", [32], [.. Enumerable.Range(0, 32).Select(i => 0.1f * (i % 16))])]))));

    [Theory]
    [InlineData("Gelu")]
    [InlineData("QuickGelu")]
    [InlineData("FastGelu")]
    public void Channels_pass_an_activation_of_the_runtime(string activation) => Check(Products(
        (test, name, input, from, to) =>
        {
            Copied(test, name, from, to);
            return test.Node("MatMul", name, [input, $"{name}.w"]);
        },
        (test, input) => Custom(test, test.Node(activation, "activation", [input]))));

    [Theory]
    [InlineData(0, 99, 2)]
    [InlineData(1, 31, 3)]
    [InlineData(-1, -99, -1)]
    [InlineData(30, 3, -4)]
    public void Every_second_channel_and_channels_in_the_other_order_are_followed(long start, long end, long step)
    {
        var test = new TestModel();
        var hidden = test.MatMul("up", test.Input("x", "n", 4, 16), 16, 32);
        test.Node("Slice", "part", [hidden, test.Integers("from", start), test.Integers("until", end), test.Integers("axis", 2), test.Integers("step", step)]);
        var taken = Enumerable.Range(0, 32).Count(i => step > 0 ? i >= start && i < end && (i - start) % step == 0 : i <= (start < 0 ? 31 : start) && i > end && ((start < 0 ? 31 : start) - i) % -step == 0);
        test.Output(test.MatMul("some", test.Relu("relu", "part"), taken, 8)).Output(test.MatMul("all", hidden, 32, 8));
        var bench = new Workbench(test.Build());
        int[] kept = [0, 3, 4, 7, 9, 15, 16, 18, 22, 23, 26, 30, 31];

        var sliced = bench.Slice(("up", kept));

        Assert.Equal("Gather", sliced.Graph.Producer("part")!.OpType);
        ModelAssert.SameOutputs(bench.Silence(("up", kept)), sliced, 1e-5, "removed equals silenced");
    }

    [Fact]
    public void Values_of_a_fused_projection_go_through_attention()
    {
        var test = new TestModel();
        test.Input("x", "n", 5, 8);
        test.MatMul("qkv", "x", 8, 24);
        string[] parts = test.Nodes("Split", "parts", ["qkv", test.Integers("sizes", 8, 8, 8)], ["q", "k", "v"], ("axis", 2));
        string Heads(string part, params long[] order) => test.Node("Transpose", $"{part}t", [test.Node("Reshape", $"{part}h", [part, test.Integers($"{part}s", 0, 0, 2, 4)])], ("perm", order));
        var scores = test.Node("Softmax", "weights", [test.Node("MatMul", "scores", [Heads(parts[0], 0, 2, 1, 3), Heads(parts[1], 0, 2, 3, 1)])], ("axis", 3));
        var mixed = test.Node("Transpose", "turned", [test.Node("MatMul", "mixed", [scores, Heads(parts[2], 0, 2, 1, 3)])], ("perm", new long[] { 0, 2, 1, 3 }));
        test.MatMul("out", test.Node("Reshape", "flat", [mixed, test.Integers("whole", 0, 0, 8)]), 8, 8);
        var bench = new Workbench(test.Output("out").Build());
        int[] kept = [0, 2];

        // Columns of the values of both heads, whole heads, and both.
        foreach (var (sites, width) in new((string, int[])[], long)[] { ([("qkv", kept)], 20), ([("qkv#2", [1])], 12), ([("qkv", kept), ("qkv#2", [1])], 10) })
        {
            var sliced = bench.Slice(sites);

            Assert.Equal([8, width], sliced.Graph.Initializers["qkv.w"].Dims);
            ModelAssert.SameOutputs(bench.Silence(sites), sliced, 1e-5, "removed equals silenced");
        }
    }

    [Fact]
    public void A_size_from_Shape_and_the_same_size_as_scales_give_the_same_network()
    {
        static OnnxModel Net(bool computed)
        {
            var test = new TestModel(opset: 15);
            var skip = test.Relu("skip", test.Conv("first", test.Input("x", 1, 3, 8, 8), 3, 12, kernel: 3, pad: 1));
            var deep = test.Relu("deep", test.Conv("second", test.Node("MaxPool", "pool", [skip], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 })), 12, 16, kernel: 3, pad: 1));
            string[] size = computed ? ["", "", Size(test, skip, deep)] : ["", test.Floats("scales", [4], 1, 1, 2, 2)];
            var joined = test.Node("Concat", "joined", [test.Node("Resize", "up", [deep, .. size], ("mode", "linear")), skip], ("axis", 1));
            return test.Output(test.Conv("last", test.Relu("third", test.Conv("between", joined, 28, 12, kernel: 3, pad: 1)), 12, 4), 1, 4, 8, 8).Build();
        }

        static string Size(TestModel test, string rows, string channels)
        {
            string Part(string name, string of, long from, long to) => test.Node("Slice", name, [test.Node("Shape", $"{name}.shape", [of]), test.Integers($"{name}.from", from), test.Integers($"{name}.to", to), test.Integers($"{name}.axis", 0)]);
            return test.Node("Concat", "sizes", [Part("nc", channels, 0, 2), Part("hw", rows, 2, 4)], ("axis", 0));
        }

        var (computed, stated) = (Net(computed: true), Net(computed: false));
        var budget = new Budget(KeepMacs: 0.5);
        var (first, second) = (Compress(computed, budget), Compress(stated, budget));

        Assert.InRange(ModelAssert.Distance(computed, first), 0.001, 1.02 * ModelAssert.Distance(stated, second));
        Assert.Equal(ParameterCount.Of(stated) - ParameterCount.Of(second), ParameterCount.Of(computed) - ParameterCount.Of(first));
    }

    [Fact]
    public void Weights_behind_a_cast_are_compressed_and_stored_as_they_were()
    {
        var test = Products((test, name, input, from, to) =>
        {
            Copied(test, name, from, to);
            return test.Node("MatMul", name, [input, test.Node("Cast", $"{name}.cast", [Halve(test, $"{name}.w")], ("to", 1))]);
        });

        // Least squares gives single floats, which are rounded to halves: 2^-11 each.
        var result = Check(test, 2e-3);

        Assert.All(result.Graph.Initializers.Values.Where(i => i.Dims.Count > 1), i => Assert.Equal(ElementType.Float16, i.Type));
        Assert.Equal(2, result.Graph.Nodes.Count(n => n.OpType == "Cast"));
    }

    [Fact]
    public void Constants_in_every_form_are_constants()
    {
        var test = new TestModel(opset: 18);
        var conv = test.Node("Conv", "make", [test.Input("x", "n", 3, 6, 6), Copied(test, "make", 3, 32, outputsFirst: true)]);
        test.Node("Constant", "pads", [], ("value_ints", new long[] { 0, 0, 1, 1, 0, 0, 1, 1 }));
        test.Node("Constant", "low", [], ("value_float", 0f));
        test.Node("Constant", "high", [], ("value_float", 6f));
        var padded = test.Node("Pad", "padded", [test.Node("Clip", "clip", [conv, "low", "high"]), "pads"]);
        test.Output(test.Node("Conv", "read", [padded, Copied(test, "read", 32, 8, outputsFirst: true)]), "n", 8, 8, 8);

        Check(test);
    }

    [Fact]
    public void New_names_are_those_of_no_node_and_of_nothing_in_a_subgraph()
    {
        var test = Products((test, name, input, from, to) =>
        {
            Copied(test, name, from, to);
            return test.Node("MatMul", name, [input, $"{name}.w"]);
        });
        test.Graph.Node.Single(n => n.OpType == "Relu").Name = "up/reduce";
        test.Graph.Node.Add(new NodeProto { OpType = "Abs", Name = "up/expand", Input = { "down" }, Output = { "also" } });
        test.Output("also", "n", 4, 8);
        var model = test.Build();

        var result = Compress(model, new Budget(KeepParameters: 0.7), CompressionMethod.LowRank);

        var names = result.Graph.Nodes.Select(n => n.Name).ToArray();
        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.True(names.Length > model.Graph.Nodes.Count);
        ModelAssert.SameContract(model, result);
    }

    [Fact]
    public void A_model_s_own_functions_are_followed()
    {
        var test = Products(
            (test, name, input, from, to) =>
            {
                Copied(test, name, from, to);
                var call = test.Node("Layer", name, [input, $"{name}.w"], ("slope", 0.25f));
                test.Graph.Node[^1].Domain = "own";
                return call;
            },
            (test, input) => test.Node("Identity", "between", [input]));
        test.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "own", Version = 1 });
        test.Proto.Functions.Add(new FunctionProto
        {
            Name = "Layer", Domain = "own", Input = { "a", "b" }, Output = { "c" }, Attribute = { "slope" },
            OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 17 } },
            Node =
            {
                new NodeProto { OpType = "MatMul", Input = { "a", "b" }, Output = { "inner" } },
                new NodeProto
                {
                    OpType = "LeakyRelu", Input = { "inner" }, Output = { "c" },
                    Attribute = { new AttributeProto { Name = "alpha", RefAttrName = "slope", Type = AttributeProto.Types.AttributeType.Float } },
                },
            },
        });

        var result = Check(test);

        Assert.DoesNotContain(result.Graph.Nodes, n => n.OpType == "Layer");
    }

    [Fact]
    public void A_sparse_weight_stays_and_the_layers_around_it_go_on()
    {
        var test = Products((test, name, input, from, to) =>
        {
            Copied(test, name, from, to);
            return test.Node("MatMul", name, [input, $"{name}.w"]);
        });
        test.Graph.Output.Clear();
        var values = new TensorProto { Name = "sparse", DataType = 1, Dims = { 8 }, FloatData = { 1, 2, 3, 4, 5, 6, 7, 8 } };
        var places = new TensorProto { Name = "places", DataType = 7, Dims = { 8 }, Int64Data = { 0, 9, 18, 27, 36, 45, 54, 63 } };
        test.Graph.SparseInitializer.Add(new SparseTensorProto { Values = values, Indices = places, Dims = { 8, 8 } });
        test.Output(test.Node("MatMul", "last", ["down", "sparse"]), "n", 4, 8);

        Check(test);
    }

    [Fact]
    public void A_size_that_is_computed_from_height_and_width_lets_channels_go()
    {
        var test = new TestModel();
        var small = test.Node("Conv", "make", [test.Input("x", "n", 3, "h", "w"), Copied(test, "make", 3, 32, outputsFirst: true)], ("strides", new long[] { 2, 2 }));
        var size = test.Node("Slice", "size", [test.Node("Shape", "whole", ["x"]), test.Integers("two", 2), test.Integers("four", 4)]);
        var counts = test.Node("Slice", "counts", [test.Node("Shape", "own", [small]), test.Integers("zero", 0), "two"]);
        var sizes = test.Node("Concat", "sizes", [counts, size], ("axis", 0));
        var grown = test.Node("Resize", "grown", [test.Relu("relu", small), "", "", sizes], ("mode", "nearest"));
        var model = test.Output(test.Node("Conv", "read", [grown, Copied(test, "read", 32, 8, outputsFirst: true)]), "n", 8, "h", "w").Build();

        var result = Compress(model, new Budget(KeepParameters: Share));

        Assert.InRange(ParameterCount.Of(result), 1, Share * ParameterCount.Of(model));
        ModelAssert.SameOutputs(model, result, ModelAssert.Redundant, "half of the channels are copies");
        ModelAssert.SameOutputs(model, result, ModelAssert.Redundant, "at another size", ModelRunner.Samples(model, dynamicSize: 8));
    }

    [Fact]
    public void Weights_that_an_old_model_lists_as_inputs_are_constants()
    {
        var test = Products((test, name, input, from, to) =>
        {
            Copied(test, name, from, to);
            return test.Node("MatMul", name, [input, $"{name}.w"]);
        });
        test.Proto.IrVersion = 3;
        test.Graph.Input.AddRange(test.Graph.Initializer.Select(i => TestModel.Value(i.Name, ElementType.Float, [.. i.Dims.Select(d => (object)d)])));

        Check(test);
    }

    [Theory]
    [InlineData(false, 2)]
    [InlineData(true, 0)]
    public void Who_says_that_inputs_stay_is_believed(bool stay, int unlisted)
    {
        using var folder = new TemporaryFolder();
        var test = Products((test, name, input, from, to) =>
        {
            Copied(test, name, from, to);
            return test.Node("MatMul", name, [input, $"{name}.w"]);
        });
        test.Proto.IrVersion = 3;
        test.Graph.Input.AddRange(test.Graph.Initializer.Select(i => TestModel.Value(i.Name, ElementType.Float, [.. i.Dims.Select(d => (object)d)])));
        File.WriteAllBytes(folder.File("old.onnx"), test.Bytes());

        var model = OnnxModel.Load(folder.File("old.onnx"), new ModelLoadOptions { InputsStay = stay });

        Assert.Equal(unlisted, model.UnlistedConstants);
        Assert.Equal(stay, model.Graph.IsInput("up.w"));
    }

    private static OnnxModel Check(TestModel test, double tolerance = ModelAssert.Redundant)
    {
        var model = test.Build();

        var result = Compress(model, new Budget(KeepParameters: Share));

        Assert.InRange(ParameterCount.Of(result), 1, Share * ParameterCount.Of(model));
        ModelAssert.SameContract(model, result);
        ModelAssert.SameOutputs(model, result, tolerance, "half of the channels are copies");
        return result;
    }

    private static OnnxModel Compress(OnnxModel model, Budget budget, CompressionMethod method = CompressionMethod.Interpolative) =>
        new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(
            model, ModelRunner.Samples(model, count: 64), new CompressionOptions { Budget = budget, Threads = 1, Methods = [method] }, null, TestContext.Current.CancellationToken).Model;

    /// <summary>A layer of 32 channels, something that acts on each, and a layer that reads them.</summary>
    private static TestModel Products(Func<TestModel, string, string, int, int, string> layer, Func<TestModel, string, string>? between = null)
    {
        var test = new TestModel();
        test.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
        var hidden = layer(test, "up", test.Input("x", "n", 4, 16), 16, 32);
        test.Output(layer(test, "down", between is null ? test.Relu("relu", hidden) : between(test, hidden), 32, 8), "n", 4, 8);
        return test;
    }

    /// <summary>A weight; of 32 outputs the second half are copies of the first.</summary>
    private static string Copied(TestModel test, string name, int from, int to, bool outputsFirst = false)
    {
        var weight = outputsFirst ? test.Weight($"{name}.w", to, from, 1, 1) : test.Weight($"{name}.w", from, to);
        if (to == 32)
        {
            Edit(test, weight, values =>
            {
                for (var i = 0; i < values.Length; i++)
                {
                    var (row, column) = outputsFirst ? (i / from, i % from) : (i % to, i / to);
                    values[i] = row < to / 2 ? values[i] : values[outputsFirst ? ((row - (to / 2)) * from) + column : (column * to) + row - (to / 2)];
                }
            });
        }

        return weight;
    }

    private static void Turn(TestModel test, string name)
    {
        var tensor = test.Graph.Initializer.Single(i => i.Name == name);
        var (rows, columns) = ((int)tensor.Dims[0], (int)tensor.Dims[1]);
        Edit(test, name, values =>
        {
            var before = values.ToArray();
            for (var i = 0; i < before.Length; i++)
            {
                values[((i % columns) * rows) + (i / columns)] = before[i];
            }
        });
        Reshape(test, name, columns, rows);
    }

    private static string Halve(TestModel test, string name)
    {
        var tensor = test.Graph.Initializer.Single(i => i.Name == name);
        var halves = MemoryMarshal.Cast<byte, float>(tensor.RawData.ToByteArray()).ToArray().Select(v => (Half)v).ToArray();
        (tensor.DataType, tensor.RawData) = ((int)ElementType.Float16, ByteString.CopyFrom(MemoryMarshal.AsBytes(halves.AsSpan())));
        return name;
    }

    private static string Custom(TestModel test, string node)
    {
        test.Graph.Node[^1].Domain = "com.microsoft";
        return node;
    }

    private static void Reshape(TestModel test, string name, params int[] dims)
    {
        var tensor = test.Graph.Initializer.Single(i => i.Name == name);
        tensor.Dims.Clear();
        tensor.Dims.AddRange(dims.Select(d => (long)d));
    }

    private static void Edit(TestModel test, string name, Action<float[]> edit)
    {
        var tensor = test.Graph.Initializer.Single(i => i.Name == name);
        var values = MemoryMarshal.Cast<byte, float>(tensor.RawData.ToByteArray()).ToArray();
        edit(values);
        tensor.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan()));
    }
}
