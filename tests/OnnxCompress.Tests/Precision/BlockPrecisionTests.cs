using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Precision;
using OnnxCompress.Reconstruction;
using OnnxCompress.Running;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Precision;

/// <summary>Whole models whose products and tables have weights of 4 bits.</summary>
public sealed class BlockPrecisionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("MatMul", 96, 128)]
    [InlineData("MatMul", 100, 70)]
    [InlineData("Gemm", 96, 128)]
    [InlineData("Gemm", 75, 33)]
    [InlineData("Gemm, turned", 64, 40)]
    public void The_runtime_reads_the_weights_that_were_rounded_bit_by_bit(string kind, int inputs, int outputs)
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", inputs);
        var last = kind == "MatMul" ? test.MatMul("fc", "x", inputs, outputs) : test.Gemm("fc", "x", inputs, outputs, transB: kind == "Gemm");
        var model = test.Output(last, "N", outputs).Build();
        foreach (var bits in (int[])[4, 8])
        {
            var made = model.Clone();
            var map = LinearMap.Of(Assert.Single(made.Graph.Nodes), made.Graph)!;
            var rounded = new RoundedWeights();
            rounded.Want(map.Weight, WeightGrid.Blocks(bits, 32));
            BlockWriter.Round(made.Graph, map, rounded);
            var values = map.Read(made.Graph);
            var bias = map.BiasInput is { } name ? made.Graph.Constant(name)!.ReadFloats() : new float[outputs];
            new BlockWriter(made, rounded).WriteProduct(map);
            made.Graph.Index();
            // Multiplied in floating point, rows of the identity bring the weights to light.
            made.Graph.Nodes.Single(n => n.OpType == "MatMulNBits").SetInt("accuracy_level", 1);

            var read = Rows(made, inputs);

            for (var i = 0; i < inputs; i++)
            {
                for (var o = 0; o < outputs; o++)
                {
                    Assert.Equal((float)values[o, i] + bias[o], read[(i * outputs) + o]);
                }
            }
        }
    }

    [Theory]
    [InlineData(200, 64)]
    [InlineData(300, 34)]
    public void The_runtime_looks_up_the_rows_that_were_rounded_bit_by_bit(int rows, int columns)
    {
        var test = new TestModel(opset: 13);
        test.Input("ids", ElementType.Int64, "N");
        test.Node("Gather", "table", [test.Weight("table.w", rows, columns), "ids"]);
        var model = test.Output("table", "N", columns).Build();
        var map = LinearMap.Of(Assert.Single(model.Graph.Nodes), model.Graph)!;
        var rounded = new RoundedWeights();
        rounded.Want(map.Weight, WeightGrid.Blocks(4, 16));
        BlockWriter.Round(model.Graph, map, rounded);
        var values = model.Graph.Constant(map.Weight)!.ReadFloats();
        new BlockWriter(model, rounded).WriteTable(map);
        model.Graph.Index();

        using var session = ModelRunner.Runtime.Open(model, new SessionSettings(Threads: 1, Spin: false));
        using var run = session.Run([new HostTensor("ids", ElementType.Int64, [rows], Enumerable.Range(0, rows).Select(r => (long)r).ToArray())], ["table"], Token);

        Assert.Equal(values, run.Values<float>(0).ToArray());
    }

    [Fact]
    public void Layers_take_4_bits_and_the_smallest_8()
    {
        var model = Words().Build();

        var made = Quantizer(model).Quantize(model, Token).Layers.ToDictionary(l => l.Layer, l => l.Form);

        Assert.Equal(("int4-table", "int4", "int4", "int8-blocks"), (made["table"], made["first"], made["second"], made["head"]));
    }

    [Fact]
    public void What_is_counted_stays_and_the_file_is_a_sixth()
    {
        var model = Words().Build();

        var made = Quantizer(model).Quantize(model, Token).Model;

        Assert.Equal(ParameterCount.Of(model), ParameterCount.Of(made));
        Assert.InRange(made.Bytes, 0.12 * model.Bytes, 0.19 * model.Bytes);
        Assert.InRange(ModelAssert.Distance(model, made), 1e-4, 0.2);
    }

    [Fact]
    public void Layers_behind_rounded_ones_make_up_for_them()
    {
        var model = Words().Build();

        var (plain, walked) = (Quantizer(model, o => o with { Feeds = false, Refits = false, Corrects = false }).Quantize(model, Token).Model, Quantizer(model).Quantize(model, Token).Model);

        Assert.True(ModelAssert.Distance(model, walked) < 0.8 * ModelAssert.Distance(model, plain));
    }

    [Fact]
    public void Convolutions_take_8_bits_and_what_reads_them_4()
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 3, 8, 8);
        test.Relu("relu", test.Conv("conv", "x", 3, 32, 3, pad: 1));
        test.Node("Flatten", "flat", [test.Node("MaxPool", "pool", ["relu"], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }))]);
        var model = test.Output(test.Gemm("fc", "flat", 512, 32), "N", 32).Build();

        var made = Quantizer(model).Quantize(model, Token);

        Assert.Equal(["int8", "int4"], made.Layers.Select(l => l.Form));
        Assert.InRange(ModelAssert.Distance(model, made.Model), 1e-4, 0.2);
    }

    [Fact]
    public void Without_data_weights_are_rounded_to_nearest()
    {
        var model = Words().Build();

        var made = new ModelQuantizer(ModelRunner.Runtime, Workbench.Backend, ModelRunner.Samples(model), hasData: false, Options(1)).Quantize(model, Token);

        Assert.Equal(2, made.Layers.Count(l => l.Form == "int4"));
        Assert.InRange(ModelAssert.Distance(model, made.Model), 1e-4, 0.3);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void The_same_bytes_come_of_any_number_of_threads(int threads)
    {
        var model = Words().Build();

        Assert.Equal(Quantizer(model).Quantize(model, Token).Model.ContentHash(), Quantizer(model, threads: threads).Quantize(model, Token).Model.ContentHash());
    }

    [Fact]
    public void An_outline_weighs_what_the_model_will()
    {
        var model = Words().Build();

        Assert.Equal(Quantizer(model).Quantize(model, Token).Model.Bytes, Quantizer(model).Outline(model, Token).Bytes);
    }

    /// <summary>A table, two products over a sequence with biases beside them, and a small one.</summary>
    private static TestModel Words()
    {
        var test = new TestModel(opset: 13);
        test.Input("ids", ElementType.Int64, "N", 6);
        test.Node("Gather", "table", [test.Weight("table.w", 100, 64), "ids"]);
        test.Node("Add", "first.add", [test.MatMul("first", "table", 64, 128), test.Weight("first.b", 128)]);
        test.MatMul("second", test.Relu("relu", "first.add"), 128, 64);
        test.Node("ReduceMean", "mean", ["second"], ("axes", new long[] { 1 }), ("keepdims", 0L));
        return test.Output(test.Gemm("head", "mean", 64, 4), "N", 4);
    }

    private static float[] Rows(OnnxModel model, int columns)
    {
        var identity = new float[columns * columns];
        for (var i = 0; i < columns; i++)
        {
            identity[(i * columns) + i] = 1;
        }

        using var session = ModelRunner.Runtime.Open(model, new SessionSettings(Threads: 1, Spin: false));
        using var run = session.Run([new HostTensor("x", ElementType.Float, [columns, columns], identity)], [model.Outputs[0].Name], Token);
        return run.Values<float>(0).ToArray();
    }

    private static ModelQuantizer Quantizer(OnnxModel model, Func<QuantizerOptions, QuantizerOptions>? with = null, int threads = 1) =>
        new(ModelRunner.Runtime, new Numerics.CpuBackend(threads), ModelRunner.Samples(model), hasData: true, (with ?? (o => o))(Options(threads)));

    private static QuantizerOptions Options(int threads) =>
        new(new ReconstructionOptions(threads, 16, 0, 1 << 26), new WeightGrid(WeightGrid.Reduced)) { Form = NumberForm.Int4 };
}
