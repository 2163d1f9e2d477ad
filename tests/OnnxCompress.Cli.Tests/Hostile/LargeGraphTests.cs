using System.Diagnostics;
using Google.Protobuf;
using OnnxCompress.Models.Protos;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Cli.Tests.Hostile;

/// <summary>
/// Graphs of many nodes take time in proportion. The limits are far above what is needed and far below what quadratic work
/// took; docs/security.md has figures of the benchmark.
/// </summary>
public sealed class LargeGraphTests : IDisposable
{
    private static readonly TimeSpan LongestTime = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Identity", 20_000, 1)]
    [InlineData("Relu", 10_000, 1)]
    [InlineData("Add", 5_000, 2)]
    public void A_long_chain_is_inspected(string opType, int nodes, int inputs)
    {
        var model = new TestModel();
        var current = model.Input("x", "N", 4);
        for (var i = 0; i < nodes; i++)
        {
            current = model.Node(opType, $"n{i}", [.. Enumerable.Repeat(current, inputs)]);
        }

        model.Output(model.Node("Neg", "y", [current]));
        Inspect(model);
    }

    [Fact]
    public void Initializers_that_nothing_reads_are_dropped()
    {
        var model = new TestModel();
        model.Input("x", "N", 4);
        for (var i = 0; i < 200_000; i++)
        {
            model.Graph.Initializer.Add(new TensorProto { Name = $"c{i}", DataType = 1, Dims = { 1 }, RawData = ByteString.CopyFrom(0, 0, 0, 0) });
        }

        model.Output(model.Gemm("g", model.Node("Identity", "i", ["x"]), 4, 2));
        Inspect(model);
    }

    [Fact]
    public void A_constant_that_is_added_to_itself_again_and_again_takes_no_time()
    {
        // 2 to the power of 60 ways lead to the one constant, which is larger than what is always folded.
        var model = new TestModel();
        model.Input("x", "N", 40, 40);
        var current = model.Weight("c", 40, 40);
        for (var i = 0; i < 60; i++)
        {
            current = model.Node("Mean", $"n{i}", [current, current]);
        }

        model.Output(model.Node("Add", "y", ["x", current]));
        Inspect(model);
    }

    private void Inspect(TestModel model)
    {
        var path = _folder.Write("model.onnx", model.Bytes());
        var watch = Stopwatch.StartNew();

        var run = CliRun.Of("inspect", path);

        Assert.True(run.Code == 0, run.Error);
        Assert.True(watch.Elapsed < LongestTime, $"It took {watch.Elapsed}.");
    }
}
