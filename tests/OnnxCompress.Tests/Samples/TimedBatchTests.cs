using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Samples;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Timing;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests.Samples;

/// <summary>What models are timed with.</summary>
public sealed class TimedBatchTests
{
    [Theory]
    [InlineData("n", 1, new[] { 0 })]
    [InlineData("n", 4, new[] { 0, 1, 2, 3 })]
    [InlineData("n", 8, new[] { 0, 1, 2, 3, 4, 0, 1, 2 })]
    [InlineData(2, 8, new[] { 0, 1 })]
    public void There_are_as_many_samples_as_are_asked_for_unless_the_model_says(object batch, int size, int[] expected)
    {
        var model = Model(batch);

        Assert.Equal(expected, SampleBatches.Timed(ModelRunner.Samples(model, count: 5), model.Inputs, size));
    }

    [Fact]
    public void Two_models_are_timed_on_that_many()
    {
        var model = Model("n");
        var options = new LatencyOptions { Threads = 1, Batch = 8, Rounds = 2, MinimumRounds = 1, Time = TimeSpan.Zero };

        var latency = new LatencyComparer(ModelRunner.Runtime).Compare(model, model, ModelRunner.Samples(model, count: 5), options, null, TestContext.Current.CancellationToken);

        Assert.Equal(8, latency.Batch);
    }

    [Fact]
    public void Layers_are_as_large_as_in_such_a_run()
    {
        var test = new TestModel();
        var conv = test.Conv("conv", test.Input("x", "n", 3, 8, 8), 3, 4);
        test.Output(test.Gemm("fc", test.Node("Flatten", "flat", [conv]), 4 * 8 * 8, 10), "n", 10);
        var bench = new Workbench(test.Build());
        TimedNode Of(string node, int batch) => TimedChains.Of(
            LinearMap.Of(bench.Analysis.Relations.Graph.Nodes.Single(n => n.Name == node), bench.Analysis.Relations.Graph)!, bench.Analysis.Relations.Shapes, batch)!;

        Assert.Equal((1, 16), (Of("conv", 1).Batch, Of("conv", 16).Batch));
        Assert.Equal((1, 16), (Of("fc", 1).Space[0], Of("fc", 16).Space[0]));
    }

    private static OnnxModel Model(object batch)
    {
        var test = new TestModel();
        return test.Output(test.Gemm("g", test.Input("x", batch, 3), 3, 2), batch, 2).Build();
    }
}
