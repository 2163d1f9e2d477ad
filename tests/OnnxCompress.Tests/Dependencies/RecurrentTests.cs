using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Numerics;
using OnnxCompress.Selection;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Dependencies;

/// <summary>Hidden units of recurrent layers are channels: made by gates, read by the recurrent weight and by what follows.</summary>
public sealed class RecurrentTests
{
    private const int Units = 6;

    [Theory]
    [InlineData("LSTM", 4, 1, 0)]
    [InlineData("LSTM", 4, 2, 0)]
    [InlineData("GRU", 3, 1, 1)]
    [InlineData("GRU", 3, 2, 1)]
    [InlineData("RNN", 1, 1, 0)]
    public void Units_that_go_equal_units_that_are_silenced(string op, int gates, int directions, int reset)
    {
        var bench = new Workbench(Model(op, gates, directions, reset).Build());
        int[] kept = [1, 2, 5];

        var sliced = bench.Slice(("cell", kept));

        Assert.Equal(["cell", "read"], bench.Group("cell").Consumers.Order(StringComparer.Ordinal));
        Assert.Equal(3, sliced.Graph.Nodes.Single(n => n.OpType == op).Int("hidden_size", 0));
        Assert.Equal([directions, gates * 3, 3], sliced.Graph.Initializers["R"].Dims);
        ModelAssert.SameOutputs(bench.Silence(("cell", kept)), sliced, 1e-5, op);
    }

    [Theory]
    [InlineData("LSTM", 4, 1)]
    [InlineData("LSTM", 4, 2)]
    [InlineData("GRU", 3, 1)]
    public void Units_that_are_copies_go_without_a_trace(string op, int gates, int directions)
    {
        var model = Model(op, gates, directions, reset: 1).Build();
        foreach (var (name, inner) in new[] { ("W", 5), ("R", Units), ("B", 1) })
        {
            // Units 3, 4 and 5 of every gate say what 0, 1 and 2 say.
            model.Edit(name, values =>
            {
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = i / inner % Units < 3 ? values[i] : values[i - (3 * inner)];
                }
            });
        }

        var result = new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(
            model, ModelRunner.Samples(model, count: 64),
            new CompressionOptions { Budget = new Budget(KeepParameters: 0.5), Threads = 1, Methods = [CompressionMethod.Interpolative] },
            null, TestContext.Current.CancellationToken).Model;

        Assert.Equal(3, result.Graph.Nodes.Single(n => n.OpType == op).Int("hidden_size", 0));
        ModelAssert.SameContract(model, result);
        ModelAssert.SameOutputs(model, result, ModelAssert.Redundant, "half of the units are copies");
    }

    [Fact]
    public void Peepholes_hold_the_units()
    {
        var test = Model("LSTM", 4, 1, reset: 0);
        test.Graph.Node.Single(n => n.OpType == "LSTM").Input.Add(["", "", "", test.Weight("P", 1, 3 * Units)]);

        GroupAssert.Refused(new Workbench(test.Build()), "cell", DiagnosticCodes.RecurrentState);
    }

    [Fact]
    public void A_reset_in_front_of_the_product_holds_the_units() =>
        GroupAssert.Refused(new Workbench(Model("GRU", 3, 1, reset: 0).Build()), "cell", DiagnosticCodes.RecurrentState);

    [Fact]
    public void A_state_that_is_fed_holds_the_units()
    {
        var test = Model("GRU", 3, 1, reset: 1);
        test.Graph.Node.Single(n => n.OpType == "GRU").Input.Add(["", test.Input("h", 1, 2, Units)]);

        GroupAssert.Refused(new Workbench(test.Build()), "cell", DiagnosticCodes.RecurrentState);
    }

    /// <summary>Five numbers a step, a recurrent layer, and a product that reads its states.</summary>
    private static TestModel Model(string op, int gates, int directions, int reset)
    {
        var test = new TestModel();
        test.Input("x", 7, 2, 5);
        string[] weights = [test.Weight("W", directions, gates * Units, 5), test.Weight("R", directions, gates * Units, Units), test.Weight("B", directions, 2 * gates * Units)];
        (string, object)[] attributes = [("hidden_size", Units), ("direction", directions == 2 ? "bidirectional" : "forward"), .. op == "GRU" ? new (string, object)[] { ("linear_before_reset", reset) } : []];
        test.Nodes(op, "cell", ["x", .. weights], ["states"], attributes);
        test.Node("Transpose", "turned", ["states"], ("perm", new long[] { 0, 2, 1, 3 }));
        test.Node("Reshape", "flat", ["turned", test.Integers("sizes", 0, 0, directions * Units)]);
        return test.Output(test.MatMul("read", "flat", directions * Units, 3));
    }
}
