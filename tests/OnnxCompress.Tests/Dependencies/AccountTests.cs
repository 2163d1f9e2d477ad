using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Tests.Models;
using OnnxCompress.Tests.Rewriting;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Dependencies;

/// <summary>Every parameter of a file is accounted for, and what stays has a reason.</summary>
public sealed class AccountTests
{
    [Fact]
    public void The_sum_of_the_parts_is_the_file_on_any_graph()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var model = RandomGraphs.Create(seed);

            var account = Analyze(model).Account!;

            Assert.True(FileCount.Parameters(model.ToBytes()) == account.Total, $"seed {seed}: {account}");
        }
    }

    [Fact]
    public void A_layer_whose_outputs_are_the_model_s_is_only_splittable_and_not_left_alone()
    {
        var test = new TestModel();
        test.Output(test.Gemm("only", test.Input("x", "n", 8), 8, 12), "n", 12);

        var analysis = Analyze(test.Build());

        Assert.Equal(new ParameterAccount(0, 96, 0, 0, 12), analysis.Account);
        Assert.Equal(0, Assert.Single(analysis.Refusals).Parameters);
    }

    [Fact]
    public void A_scale_that_is_folded_belongs_to_the_layer_in_front()
    {
        var test = new TestModel();
        var conv = test.Relu("relu", test.BatchNorm("norm", test.Conv("conv", test.Input("x", "n", 3, 5, 5), 3, 8), 8));
        test.Output(test.Conv("head", conv, 8, 4), "n", 4, 5, 5);

        var account = Analyze(test.Build()).Account!;

        // Of the head the weight shrinks with its inputs; its bias is no weight.
        Assert.Equal(new ParameterAccount((3 * 8) + 8 + (4 * 8) + (8 * 4), 0, 0, 0, 4), account);
    }

    [Fact]
    public void Quantised_layers_have_their_parameters_operations_and_reason()
    {
        var analysis = Analyze(ParameterCountTests.Quantised().Build());

        Assert.Equal(new ParameterAccount(0, 0, 24, 0, 6), analysis.Account);
        Assert.Equal(24, analysis.Macs);
        var refusal = Assert.Single(analysis.Refusals);
        Assert.Equal((DiagnosticCodes.WeightQuantised, "product", 24L), (refusal.Code, refusal.Node, refusal.Parameters));
    }

    [Fact]
    public void Of_two_branches_the_one_that_is_taken_has_its_parameters_and_operations_and_the_other_a_reason()
    {
        var analysis = Analyze(ParameterCountTests.Branching().Build());

        Assert.Equal(new ParameterAccount(0, 24, 0, 30, 6), analysis.Account);
        Assert.Equal(24, analysis.Macs);
        Assert.Contains(analysis.Refusals, r => r is { Code: DiagnosticCodes.BranchNotTaken, Node: "branch", Parameters: 30 });
    }

    [Fact]
    public void A_product_that_is_not_mapped_has_its_operations()
    {
        var test = new TestModel();
        var product = test.Node("MatMul", "product", [test.Input("x", "n", 3, 4), test.Weight("w", 3, 4, 5)]);
        test.Output(product, "n", 3, 5);

        // One sample is a stack of 3 rows here, multiplied with 3 matrices of 4 x 5.
        Assert.Equal(3 * 3 * 4 * 5, Analyze(test.Build()).Macs);
    }

    [Fact]
    public void A_layer_normalisation_in_parts_is_called_one()
    {
        var test = new TestModel();
        var layer = test.MatMul("layer", test.Input("x", "n", 3, 4), 4, 8);
        var mean = test.Node("ReduceMean", "mean", [layer], ("axes", new long[] { -1 }));
        var centred = test.Node("Sub", "centred", [layer, mean]);
        var variance = test.Node("ReduceMean", "variance", [test.Node("Mul", "square", [centred, centred])], ("axes", new long[] { -1 }));
        test.Output(test.Node("Div", "normal", [centred, test.Node("Sqrt", "root", [variance])]), "n", 3, 8);

        var refusal = Assert.Single(Analyze(test.Build()).Refusals, r => r.Code == DiagnosticCodes.NormalizedAxis);

        Assert.Contains("a layer normalisation reads all of them", refusal.Reason, StringComparison.Ordinal);
    }

    private static ModelAnalysis Analyze(OnnxModel model) => new Compressor(new CpuBackend(1), ModelRunner.Runtime).Analyze(
        model, ModelRunner.Samples(model, count: 1), new CompressionOptions(), TestContext.Current.CancellationToken);
}
