using OnnxCompress.Allocation;
using OnnxCompress.Dependencies;
using OnnxCompress.Selection;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests.Verification;

/// <summary>Errors of sites, against the outputs of the layers that ONNX Runtime gives.</summary>
public sealed class SiteErrorMeterTests
{
    [Fact]
    public void The_error_of_a_site_is_that_of_what_its_consumers_put_out()
    {
        var test = new TestModel();
        test.Input("x", "N", 6);
        var hidden = test.Relu("relu", test.Gemm("f1", "x", 6, 8));
        test.Output(test.Gemm("left", hidden, 8, 3));
        test.Output(test.Gemm("right", hidden, 8, 5));
        var bench = new Workbench(test.Build());
        int[] kept = [0, 1, 2, 5, 7];
        var plan = new CompressionPlan(bench.Model.SourceSha256, [new ChannelPlan("f1", CompressionMethod.Interpolative, kept, 8, 0, 1e-7)]);
        var compressed = bench.Rewrite(plan);
        var placed = PlacedPlan.Of(plan, bench.Model, bench.Analysis);

        var error = Assert.Single(new SiteErrorMeter(ModelRunner.Runtime, 1).Measure(
            bench.Model, compressed, placed.Layers, new Shrinkage(bench.Model.Graph, bench.Analysis.Relations, placed.IsRootKept), bench.Samples, 16,
            TestContext.Current.CancellationToken));

        // Frobenius over all samples for each consumer, root mean square over the consumers.
        var squares = ModelRunner.Run(bench.Model, bench.Samples, 64).Zip(
            ModelRunner.Run(compressed, bench.Samples, 64),
            (before, after) => before.Values.Zip(after.Values, (a, b) => (a - b) * (a - b)).Sum() / before.Values.Sum(a => a * a)).ToArray();
        Assert.Equal(2, squares.Length);
        Assert.Equal(Math.Sqrt(squares.Average()), error, 1e-6);
        Assert.InRange(error, 0.01, 1);
    }

    [Fact]
    public void Nothing_to_measure_opens_no_session() =>
        Assert.Empty(new SiteErrorMeter(null!, 1).Measure(null!, null!, [], null!, null!, 1, TestContext.Current.CancellationToken));
}
