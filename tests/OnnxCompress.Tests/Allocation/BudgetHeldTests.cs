using System.Globalization;
using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Samples;
using OnnxCompress.Tests.Rewriting;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Allocation;

/// <summary>A result holds every budget that was stated, as the written file is counted by somebody else.</summary>
public sealed class BudgetHeldTests
{
    /// <summary>Graphs in an ordinary run; <c>ONNXCOMPRESS_BUDGET_GRAPHS</c> asks for another number.</summary>
    private const int Graphs = 60;

    [Fact]
    public void Every_stated_budget_holds_on_the_written_file()
    {
        var count = int.TryParse(Environment.GetEnvironmentVariable("ONNXCOMPRESS_BUDGET_GRAPHS"), CultureInfo.InvariantCulture, out var asked) ? asked : Graphs;
        var failures = new List<string>();
        var held = 0;

        for (var seed = 0; seed < count && failures.Count < 10; seed++)
        {
            var model = RandomGraphs.Create(seed);
            var share = 0.55 + (0.4 * new Random(seed).NextDouble());
            var budget = (seed % 4) switch
            {
                0 => new Budget(KeepParameters: share),
                1 => new Budget(KeepMacs: share),
                2 => new Budget(KeepBytes: share),
                _ => new Budget(KeepParameters: share, KeepMacs: share),
            };
            if (Compress(model, budget) is not { } result)
            {
                continue;
            }

            held++;
            var (before, after) = (model.ToBytes(), result.Model.ToBytes());
            Check("parameters", budget.KeepParameters, FileCount.Parameters(before), FileCount.Parameters(after));
            Check("MACs", budget.KeepMacs, FileCount.Macs(before, 1), FileCount.Macs(after, 1));
            Check("bytes", budget.KeepBytes, before.Length, after.Length);
            void Check(string what, double? kept, long whole, long part)
            {
                if (part > kept * whole)
                {
                    failures.Add($"seed {seed}: {part} {what} of {whole} are more than {kept}");
                }
            }
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Assert.True(held > count / 4, $"Only {held} of {count} graphs could meet their budget: they test too little.");
    }

    [Theory]
    [InlineData(0.8)]
    [InlineData(0.6)]
    public void Biases_that_least_squares_adds_count(double share)
    {
        var model = WithoutBiases();

        var result = Compress(model, new Budget(KeepParameters: share))!;

        Assert.Contains(result.Model.Graph.Nodes, n => n.OpType == "Conv" && n.Input(2) is not null);
        Assert.InRange(FileCount.Parameters(result.Model.ToBytes()), 1, share * FileCount.Parameters(model.ToBytes()));
    }

    [Fact]
    public void A_table_that_two_layers_share_is_stored_once_and_counted_once()
    {
        var model = TiedTable();

        var result = Compress(model, new Budget(KeepParameters: 0.7))!;

        Assert.Equal(FileCount.Parameters(model.ToBytes()), result.Original.Parameters);
        Assert.InRange(FileCount.Parameters(result.Model.ToBytes()), 1, 0.7 * FileCount.Parameters(model.ToBytes()));
        Assert.Equal([200, 16], result.Model.Graph.Initializers["table"].Dims);
        ModelAssert.SameContract(model, result.Model);
        // Budget of a random network without redundancy: that it still answers alike is all that is asked.
        Assert.InRange(ModelAssert.Distance(model, result.Model, new TokenSource("ids", 200, 5, 64)), 0, 0.5);
    }

    private static CompressionResult? Compress(OnnxModel model, Budget budget)
    {
        try
        {
            ISampleSource samples = model.Inputs[0].Type == ElementType.Int64 ? new TokenSource("ids", 200, 5, 64) : ModelRunner.Samples(model, count: 48);
            return new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(
                model, samples, new CompressionOptions { Budget = budget, Threads = 1 }, null, TestContext.Current.CancellationToken);
        }
        catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.BudgetOutOfReach)
        {
            return null;
        }
    }

    private static OnnxModel WithoutBiases()
    {
        var test = new TestModel();
        var current = test.Input("x", "n", 3, 6, 6);
        for (var i = 0; i < 5; i++)
        {
            var width = i == 0 ? 3 : 16;
            var conv = test.Node("Conv", $"conv{i}", [current, test.Weight($"w{i}", 16, width, 1, 1)]);
            current = test.Relu($"relu{i}", conv);
        }

        test.Output(test.Node("Conv", "last", [current, test.Weight("wl", 4, 16, 1, 1)]), "n", 4, 6, 6);
        return test.Build();
    }

    private static OnnxModel TiedTable()
    {
        var test = new TestModel();
        var ids = test.Input("ids", ElementType.Int64, "n", 5);
        test.Weight("table", 200, 16);
        var hidden = test.Relu("relu", test.MatMul("up", test.Node("Gather", "look", ["table", ids]), 16, 256));
        var turned = test.Node("Transpose", "turn", ["table"], ("perm", new long[] { 1, 0 }));
        test.Output(test.Node("MatMul", "head", [test.MatMul("down", hidden, 256, 16), turned]), "n", 5, 200);
        return test.Build();
    }
}
