using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Precision;
using OnnxCompress.Reconstruction;
using OnnxCompress.Samples;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests.Precision;

/// <summary>Whole models in 8 bits: what the runtime makes of them, what stays as it was, and that the result is the same each time.</summary>
public sealed class ModelQuantizerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void The_runtime_computes_convolutions_sums_pools_and_products_in_bytes()
    {
        var model = Residual().Build();

        var made = Quantize(model);

        var operators = OptimizedModel.Operators(made.Model);
        Assert.Equal(3, operators.Count(o => o == "QLinearConv"));
        Assert.Contains("QLinearAdd", operators);
        Assert.Contains("QLinearGlobalAveragePool", operators);
        Assert.Contains("QGemm", operators);
        Assert.DoesNotContain("Conv", operators);
        Assert.DoesNotContain("Relu", operators);
        Assert.DoesNotContain("Clip", operators);
        Assert.All(made.Layers, layer => Assert.Equal("int8", layer.Form));
        ModelAssert.SameContract(model, made.Model);
        Assert.InRange(ModelAssert.Distance(model, made.Model), 1e-6, 0.1);
    }

    [Fact]
    public void Products_over_sequences_find_their_ranges_while_they_run()
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 5, 16);
        test.Node("Add", "first.add", [test.MatMul("first", "x", 16, 32), test.Weight("first.b", 32)]);
        test.MatMul("second", test.Relu("relu", "first.add"), 32, 8);
        var model = test.Output("second", "N", 5, 8).Build();

        var made = Quantize(model);

        Assert.Equal(["int8-dynamic", "int8-dynamic"], made.Layers.Select(l => l.Form));
        Assert.Equal(2, OptimizedModel.Operators(made.Model).Count(o => o is "DynamicQuantizeMatMul" or "MatMulIntegerToFloat"));
        Assert.InRange(ModelAssert.Distance(model, made.Model), 1e-6, 0.05);
    }

    [Fact]
    public void Weights_alone_in_bytes_are_multiplied_in_floating_point_and_computed_while_the_model_loads()
    {
        var test = new TestModel(opset: 13);
        var first = test.Relu("first.relu", test.Conv("first", test.Input("x", "N", 8, 6, 6), 8, 16, 3, pad: 1));
        var pooled = test.Node("GlobalAveragePool", "pool", [test.Conv("second", first, 16, 16, 3, pad: 1)]);
        var model = test.Output(test.Gemm("last", test.Node("Flatten", "flat", [pooled]), 16, 4), "N", 4).Build();
        string[] alone = ["first", "last"];

        var made = Quantize(model, wider: alone);
        var all = Quantize(model);

        Assert.Equal([("first", "int8-weights"), ("last", "int8-weights"), ("second", "int8")], made.Layers.Select(l => (l.Layer, l.Form)).Order());
        Assert.All(made.Layers, l => Assert.Equal(alone.Contains(l.Layer), l.Reason is not null));
        // Where nothing multiplies bytes, weights have all eight bits.
        Assert.Contains(made.Model.Graph.Initializers.Values, i => i.Type == ElementType.Int8 && i.ReadBytes().Any(b => Math.Abs((int)(sbyte)b) > WeightGrid.Reduced));
        Assert.InRange(made.Model.Bytes, 1, 1.1 * all.Model.Bytes);
        var operators = OptimizedModel.Operators(made.Model);
        Assert.DoesNotContain("Cast", operators);
        Assert.DoesNotContain("Mul", operators);
        Assert.Single(operators, o => o == "QLinearConv");
        ModelAssert.SameContract(model, made.Model);
        Assert.True(ModelAssert.Distance(model, made.Model) < ModelAssert.Distance(model, all.Model));
    }

    [Fact]
    public void Tables_are_looked_up_in_bytes()
    {
        var test = new TestModel(opset: 13);
        test.Input("ids", ElementType.Int64, "N", 4);
        test.Node("Gather", "table", [test.Weight("table.w", 100, 32), "ids"]);
        var model = test.Output("table", "N", 4, 32).Build();

        var made = Quantize(model);

        Assert.Equal("int8-table", Assert.Single(made.Layers).Form);
        Assert.Equal(ParameterCount.Of(model), ParameterCount.Of(made.Model));
        Assert.True(made.Model.Bytes < 0.4 * model.Bytes);
        Assert.InRange(ModelAssert.Distance(model, made.Model), 1e-6, 0.01);
    }

    [Fact]
    public void The_same_parameters_are_counted_in_bytes()
    {
        var model = Residual().Build();

        Assert.Equal(ParameterCount.Of(model), ParameterCount.Of(Quantize(model).Model));
    }

    [Fact]
    public void Optimised_and_as_written_the_model_answers_nearly_the_same()
    {
        var model = Residual().Build();

        var difference = new KernelDifference(ModelRunner.Runtime, 1).Measure(Quantize(model).Model, ModelRunner.Samples(model), 16, Token);

        // Steps of the outputs of bytes between layers; the weights of the grid are chosen so that nothing saturates here.
        Assert.InRange(difference, 0, 0.03);
    }

    [Fact]
    public void A_grid_that_the_runtime_adds_right_is_found()
    {
        var model = Residual().Build();

        var grid = SaturationProbe.GridFor(ModelRunner.Runtime, model, Token);

        Assert.Contains(grid.Limit, (int[])[WeightGrid.Full, WeightGrid.Reduced]);
        Assert.True(2 * 255 * WeightGrid.Reduced < short.MaxValue);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void The_same_bytes_come_of_any_number_of_threads(int threads)
    {
        var model = Residual().Build();
        var once = Quantize(model).Model.ContentHash();

        Assert.Equal(once, Quantize(model, threads).Model.ContentHash());
    }

    [Fact]
    public void The_mean_of_an_output_is_that_of_the_float_model()
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 12);
        var model = test.Output(test.Gemm("fc", "x", 12, 6), "N", 6).Build();
        var samples = ModelRunner.Samples(model, count: 200);

        var (before, after) = (Means(model, samples), Means(Quantize(model, samples: samples).Model, samples));

        for (var o = 0; o < before.Length; o++)
        {
            // The bias is stored in steps that are finer than this by far; the rest is the kernel's rounding.
            NumericAssert.Within(before[o], after[o], 1e-3, 1, "the bias was fitted on these rows");
        }
    }

    [Fact]
    public void What_stays_in_floating_point_says_why()
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 4, 6, 6);
        test.Node("ConvTranspose", "up", ["x", test.Weight("up.w", 4, 3, 2, 2)], ("strides", new long[] { 2, 2 }));
        test.Conv("conv", "up", 3, 5);
        var shared = test.Weight("shared.w", 5, 5, 1, 1);
        test.Node("Conv", "a", ["conv", shared]);
        test.Node("Conv", "b", ["a", shared]);
        var model = test.Output("b", "N", 5, 12, 12).Build();

        var made = Quantize(model, isSelected: name => name != "conv");

        Assert.Equal(["up", "conv", "a", "b"], made.Layers.Select(l => l.Layer));
        Assert.All(made.Layers, layer => Assert.Equal("float", layer.Form));
        Assert.Contains("ConvTranspose", made.Layers[0].Reason, StringComparison.Ordinal);
        Assert.Contains("--exclude", made.Layers[1].Reason, StringComparison.Ordinal);
        Assert.All(made.Layers.Skip(2), layer => Assert.Contains("shared", layer.Reason, StringComparison.Ordinal));
        ModelAssert.SameOutputs(model, made.Model, 0, "nothing was changed");
    }

    [Fact]
    public void Layers_of_forms_that_are_not_written_say_so()
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 4, 6);
        test.Node("MatMul", "stack", ["x", test.Weight("stack.w", 1, 6, 5)]);
        test.Nodes("LSTM", "lstm", [test.Node("MatMul", "row", ["x", test.Weight("row.w", 6, 8)]), test.Weight("lstm.w", 1, 12, 8), test.Weight("lstm.r", 1, 12, 3)], ["lstm"], ("hidden_size", 3));
        test.Node("Gemm", "turned", [test.Node("Transpose", "turn", [test.Node("Flatten", "flat", ["x"])]), test.Weight("turned.w", 24, 3)], ("transA", 1));
        var model = test.Output("stack", "N", 4, 5).Output("lstm").Output("turned", "N", 3).Build();

        var left = Quantize(model).Layers.Where(l => l.Form == "float").ToDictionary(l => l.Parameters, l => l.Reason!);

        Assert.Contains("MatMul", left[6 * 5], StringComparison.Ordinal);
        Assert.Contains("LSTM", left[12 * 8], StringComparison.Ordinal);
        Assert.Contains("LSTM", left[12 * 3], StringComparison.Ordinal);
        Assert.Contains("Gemm", left[24 * 3], StringComparison.Ordinal);
    }

    [Fact]
    public void Without_data_convolutions_stay_and_products_are_dynamic()
    {
        var model = Residual().Build();

        var made = new ModelQuantizer(ModelRunner.Runtime, Workbench.Backend, ModelRunner.Samples(model), hasData: false, Options(1)).Quantize(model, Token);

        Assert.Equal(["int8-dynamic", "float", "float", "float"], made.Layers.Select(l => l.Form));
        Assert.InRange(ModelAssert.Distance(model, made.Model), 1e-6, 0.05);
    }

    [Fact]
    public void A_model_of_an_old_operator_set_is_refused()
    {
        var test = new TestModel(opset: 12);
        test.Input("x", "N", 4);
        var model = test.Output(test.Gemm("fc", "x", 4, 3), "N", 3).Build();

        var refused = Assert.Throws<OnnxCompressException>(() => Quantize(model));

        Assert.Equal(DiagnosticCodes.PrecisionNeedsOpset, refused.Diagnostic.Code);
    }

    [Fact]
    public void Ranges_leave_out_what_is_not_finite_and_name_the_tensor()
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 4, 3, 3);
        // Infinite where all channels of the first pixel are large.
        test.Node("Exp", "exp", [test.Node("Mul", "much", ["x", test.Scalar("factor", 60)])]);
        test.Conv("conv", "exp", 4, 3);
        var model = test.Output("conv", "N", 3, 3, 3).Build();

        var made = Quantize(model);

        var warning = Assert.Single(made.Warnings, w => w.Code == DiagnosticCodes.RangeNotFinite && w.Message.Contains("'exp'", StringComparison.Ordinal));
        Assert.Equal(Severity.Warning, warning.Severity);
    }

    [Fact]
    public void A_channel_of_zeros_keeps_its_bias()
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 2, 4, 4);
        test.Node("Conv", "conv", ["x", test.Floats("w", [2, 2, 1, 1], 0, 0, 1, -1), test.Floats("b", [2], 3, 0.5f)]);
        var model = test.Output(test.Relu("relu", "conv"), "N", 2, 4, 4).Build();

        ModelAssert.SameOutputs(model, Quantize(model).Model, 0.02, "a step of a byte, relative to outputs of 3");
    }

    [Fact]
    public void An_outline_weighs_what_the_model_will()
    {
        var model = Residual().Build();
        var quantizer = new ModelQuantizer(ModelRunner.Runtime, Workbench.Backend, ModelRunner.Samples(model), hasData: true, Options(1));

        Assert.Equal(quantizer.Quantize(model, Token).Model.Bytes, quantizer.Outline(model, Token).Bytes);
    }

    [Fact]
    public void An_outline_has_the_biases_that_rounding_adds()
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 3, 8, 8);
        test.Node("Conv", "a", [test.Relu("r1", test.Node("Conv", "first", ["x", test.Weight("first.w", 6, 3, 1, 1)])), test.Weight("a.w", 6, 6, 1, 1), test.Weight("shared.b", 6)]);
        test.Node("Conv", "b", ["a", test.Weight("b.w", 6, 6, 1, 1), "shared.b"]);
        test.Node("Gemm", "fc", [test.Node("Flatten", "flat", [test.Node("GlobalAveragePool", "pool", ["b"])]), test.Weight("fc.w", 6, 4)]);
        var model = test.Output("fc", "N", 4).Build();
        var quantizer = new ModelQuantizer(ModelRunner.Runtime, Workbench.Backend, ModelRunner.Samples(model), hasData: true, Options(1));

        var (made, outline) = (quantizer.Quantize(model, Token).Model, quantizer.Outline(model, Token));

        Assert.Equal(["first", "fc"], quantizer.Biased(model, Token).Except(["a", "b"]));
        Assert.All(made.Graph.Nodes.Where(n => n.OpType is "Conv" or "Gemm"), n => Assert.NotNull(n.Input(2)));
        Assert.Equal((ParameterCount.Of(made), made.Bytes), (ParameterCount.Of(outline), outline.Bytes));
    }

    [Fact]
    public void A_layer_that_reads_a_constant_keeps_its_bias_in_floating_point()
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 3, 4, 4);
        test.Conv("live", "x", 3, 5);
        test.Conv("fixed", test.Weight("image", 1, 3, 4, 4), 3, 5);
        var model = test.Output(test.Node("Add", "sum", ["live", "fixed"]), "N", 5, 4, 4).Build();

        var made = Quantize(model);

        Assert.Contains("constant", Assert.Single(made.Layers, l => l.Layer == "fixed").Reason, StringComparison.Ordinal);
        Assert.InRange(ModelAssert.Distance(model, made.Model), 1e-6, 0.05);
    }

    [Theory]
    [InlineData(4096, 1)]
    [InlineData(2048, 2)]
    [InlineData(300, 8)]
    [InlineData(30, 64)]
    [InlineData(8, 64)]
    [InlineData(64, 2)]
    public void Tables_are_in_bytes_only_where_the_file_gets_smaller(int rows, int columns)
    {
        var test = new TestModel(opset: 13);
        test.Input("ids", ElementType.Int64, "N", 4);
        test.Node("Gather", "table", [test.Weight("table.w", rows, columns), "ids"]);
        var model = test.Output("table", "N", 4, columns).Build();

        var made = Quantize(model);

        var isTable = Assert.Single(made.Layers).Form == "int8-table";
        Assert.True(isTable ? made.Model.Bytes < model.Bytes : made.Model.Bytes == model.Bytes);
        Assert.Equal((3 * columns) - 4 > 1500 / rows, isTable);
    }

    /// <summary>Two convolutions beside a shortcut, a Clip, a pool, and a product behind them.</summary>
    private static TestModel Residual()
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 3, 8, 8);
        test.Relu("relu1", test.Conv("conv1", "x", 3, 8, 3, pad: 1));
        test.Node("Clip", "clip", [test.Conv("conv2", "relu1", 8, 8, 3, pad: 1), test.Scalar("least", 0), test.Scalar("most", 6)]);
        test.Conv("conv3", "clip", 8, 8, 3, pad: 1);
        test.Relu("relu2", test.Node("Add", "sum", ["conv3", "relu1"]));
        test.Node("Flatten", "flat", [test.Node("GlobalAveragePool", "pool", ["relu2"])]);
        test.Gemm("fc", "flat", 8, 4);
        return test.Output("fc", "N", 4);
    }

    private static QuantisedModel Quantize(OnnxModel model, int threads = 1, ISampleSource? samples = null, Func<string, bool>? isSelected = null, IReadOnlyList<string>? wider = null) =>
        new ModelQuantizer(
            ModelRunner.Runtime, new Numerics.CpuBackend(threads), samples ?? ModelRunner.Samples(model), hasData: true,
            Options(threads) with { IsSelected = isSelected ?? (_ => true), Wider = (wider ?? []).ToDictionary(l => l, _ => Forms.NumberForm.Int8Weights, StringComparer.Ordinal) }).Quantize(model, Token);

    private static QuantizerOptions Options(int threads) => new(new ReconstructionOptions(threads, 16, 0, 1 << 26), new WeightGrid(WeightGrid.Reduced));

    private static double[] Means(OnnxModel model, ISampleSource samples)
    {
        var values = ModelRunner.Run(model, samples, samples.Count)[0];
        var outputs = (int)model.Outputs[0].Dims![1].Value!;
        return [.. Enumerable.Range(0, outputs).Select(o => values.Values.Where((_, i) => i % outputs == o).Average())];
    }
}
