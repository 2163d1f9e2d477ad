using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Models;

/// <summary>What mutated models brought to light, as small as it can be.</summary>
public sealed class MutatedModelTests
{
    [Fact]
    public void A_number_that_is_added_to_a_single_output_is_no_vector()
    {
        var model = new TestModel();
        model.Input("x", "N", 6);
        model.Node("Add", "y", [model.MatMul("m", model.Relu("r", model.MatMul("m0", "x", 6, 8)), 8, 1), model.Scalar("b", 2)]);

        Compresses(model.Output("y"));
    }

    [Fact]
    public void Only_one_keeps_reduced_axes()
    {
        var model = new TestModel(13);
        model.Input("x", "N", 5, 6);
        model.Node("ReduceMean", "mean", [model.MatMul("m0", "x", 6, 8)], ("axes", new long[] { 1 }), ("keepdims", -1));

        Compresses(model.Output(model.MatMul("m", model.Relu("r", "mean"), 8, 3)));
    }

    [Fact]
    public void A_product_from_the_left_whose_rows_go_is_not_fitted()
    {
        var model = new TestModel();
        model.Input("x", "N", 4, 6);
        var hidden = model.Relu("r", model.MatMul("m0", "x", 6, 8));
        model.Node("MatMul", "left", [model.Weight("left.w", 3, 4), hidden]);

        Compresses(model.Output(model.MatMul("m", model.Relu("r2", "left"), 8, 3)));
    }

    [Fact]
    public void A_normalisation_of_another_width_is_not_folded()
    {
        var model = new TestModel();
        model.Input("x", "N", 3, 5, 5);
        model.Output(model.BatchNorm("bn", model.Conv("c", "x", 3, 6), 4));

        Assert.Equal(DiagnosticCodes.RuntimeRefusedModel, Refusal(model).Diagnostic.Code);
    }

    [Fact]
    public void An_input_left_out_of_many_is_refused_before_the_runtime_reads_it()
    {
        var model = new TestModel();
        model.Input("x", "N", 6);
        model.Node("Max", "m", ["x", "", "x"]);

        Assert.Equal(DiagnosticCodes.GraphInconsistent, Refusal(model.Output("m")).Diagnostic.Code);
    }

    private static OnnxCompressException Refusal(TestModel model) => Assert.Throws<OnnxCompressException>(() => Run(model));

    private static void Compresses(TestModel model)
    {
        var result = Run(model);

        Assert.True(result.Compressed.Parameters < result.Original.Parameters, "Nothing was removed.");
        // What was saved runs, and is no other network: outputs that have nothing to do with each other are 1.4 apart.
        var distance = ModelAssert.Distance(model.Build(), OnnxModel.Load(result.Model.ToBytes()), ModelRunner.Samples(model.Build(), count: 64));
        Assert.InRange(distance, 1e-6, 0.5);
    }

    private static CompressionResult Run(TestModel model)
    {
        var loaded = model.Build();
        var samples = ModelRunner.Samples(loaded, count: 64);
        return new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(
            loaded,
            new CompressionData(samples, samples),
            new CompressionOptions { Threads = 1, Alignment = 1, Budget = new Budget(KeepParameters: 0.7) },
            null,
            TestContext.Current.CancellationToken);
    }
}
