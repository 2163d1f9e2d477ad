using OnnxCompress.Allocation;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Numerics;
using OnnxCompress.Samples;
using OnnxCompress.Simplification;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests;

/// <summary>Layers in branches of If nodes: those of the branch that samples take are compressed there, the others stay as they are.</summary>
public sealed class BranchTests
{
    private const long Other = 8000;

    [Fact]
    public void Dead_channels_of_the_taken_branch_go_and_the_other_branch_does_not_change()
    {
        var model = new BranchingModel().Choose(BranchingModel.Layers("then", 1), BranchingModel.Layers("else", 2), "N", 5).Build();
        var parameters = BranchingModel.Parameters(model);

        // Of 490 parameters the dead units have 8 x (6 + 1 + 5) = 96.
        var result = Compress(model, BranchingModel.At(model, BranchingModel.Rate), new Budget(KeepParameters: 0.81));

        Assert.Equal(parameters - 96, BranchingModel.Parameters(result.Model));
        Assert.Equal((parameters, parameters - 96), (result.Original.Parameters, result.Compressed.Parameters));
        Assert.Equal(result.Model.ToBytes().Length, result.Compressed.Bytes);
        ModelAssert.SameContract(model, result.Model);
        ModelAssert.SameOutputs(model, result.Model, ModelAssert.Redundant, "the branch that samples took", BranchingModel.At(model, BranchingModel.Rate));
        ModelAssert.SameOutputs(model, result.Model, 0, "the other branch", BranchingModel.At(model, Other));
        Assert.Equal(BranchingModel.Branch(model, "else_branch"), BranchingModel.Branch(result.Model, "else_branch"));
        Assert.Equal(["is_rate", "choice"], result.Model.Graph.Nodes.Select(n => n.Name));
        Assert.Contains(result.Refused, r => r is { Code: DiagnosticCodes.BranchNotTaken, Node: "choice", Parameters: 245 });
    }

    [Fact]
    public void What_is_lifted_and_not_changed_goes_back_as_it_was()
    {
        var model = Nested().Build();

        var lifted = Lift(model, BranchingModel.Rate);

        Assert.Equal(11, lifted.Graph.Nodes.Count(n => n.OpType != "If"));
        ModelAssert.SameOutputs(model, lifted, 0, "lifted", BranchingModel.At(model, BranchingModel.Rate));
        Assert.Equal(ModelProto.Parser.ParseFrom(model.ToBytes()).Graph, ModelProto.Parser.ParseFrom(lifted.AsStored().ToBytes()).Graph);
    }

    [Fact]
    public void Branches_in_branches_are_compressed_where_they_lie()
    {
        var model = Nested().Build();

        var result = Compress(model, BranchingModel.At(model, BranchingModel.Rate), new Budget(KeepParameters: 0.87));

        var (before, after) = (BranchingModel.Branch(model, "then_branch"), BranchingModel.Branch(result.Model, "then_branch"));
        var inner = BranchingModel.Branch(after, "else_branch", "inner");
        Assert.True(BranchingModel.Parameters(result.Model) <= 0.87 * BranchingModel.Parameters(model));
        Assert.Contains(result.Sites, s => s.Site == "deep/g1");
        Assert.Equal(BranchingModel.Units - BranchingModel.Dead, inner.Initializer.Single(i => i.Name == "deep/g1.w").Dims[0]);
        Assert.Equal(BranchingModel.Branch(before, "then_branch", "inner"), BranchingModel.Branch(after, "then_branch", "inner"));
        ModelAssert.SameOutputs(model, result.Model, ModelAssert.Redundant, "the branch that samples took", BranchingModel.At(model, BranchingModel.Rate));
        ModelAssert.SameOutputs(model, result.Model, 0, "the other branch", BranchingModel.At(model, Other));
    }

    [Fact]
    public void Branches_that_use_the_same_names_keep_them_apart()
    {
        var model = new BranchingModel().Choose(BranchingModel.Layers("same", 1), BranchingModel.Layers("same", 2), "N", 5).Build();

        var result = Compress(model, BranchingModel.At(model, BranchingModel.Rate), new Budget(KeepParameters: 0.81));

        Assert.Equal(BranchingModel.Branch(model, "else_branch"), BranchingModel.Branch(result.Model, "else_branch"));
        Assert.Equal(BranchingModel.Branch(model, "then_branch").Node.Select(n => n.Name), BranchingModel.Branch(result.Model, "then_branch").Node.Select(n => n.Name));
        ModelAssert.SameOutputs(model, result.Model, ModelAssert.Redundant, "the branch that samples took", BranchingModel.At(model, BranchingModel.Rate));
        ModelAssert.SameOutputs(model, result.Model, 0, "the other branch", BranchingModel.At(model, Other));
    }

    [Fact]
    public void Branches_that_samples_take_both_are_left_alone_and_said_to_be()
    {
        var model = new BranchingModel().Choose(BranchingModel.Layers("then", 1), BranchingModel.Layers("else", 2), "N", 5).Build();

        var analysis = Analyze(model, Choosing(model));

        Assert.Empty(analysis.Groups);
        var refusal = Assert.Single(analysis.Refusals, r => r.Code == DiagnosticCodes.BranchNotTaken);
        Assert.Contains("some samples take one branch, and some the other", refusal.Reason, StringComparison.Ordinal);
        Assert.Equal(BranchingModel.Parameters(model), analysis.Account!.Total);
    }

    [Fact]
    public void A_branch_that_the_number_of_samples_decides_is_left_alone()
    {
        var test = new TestModel();
        test.Input("x", "N", 6);
        test.Node("Equal", "is_one", [test.Node("Gather", "count", [test.Node("Shape", "shape", ["x"]), test.Integers("first", 0)]), test.Integers("one", 1)]);
        test.Node("If", "choice", ["is_one"], ("then_branch", BranchingModel.Layers("then", 1)), ("else_branch", BranchingModel.Layers("else", 2)));
        var model = test.Output("choice", "N", 5).Build();

        var analysis = Analyze(model, ModelRunner.Samples(model));

        Assert.Contains(analysis.Refusals, r => r.Code == DiagnosticCodes.BranchNotTaken && r.Reason.Contains("how many samples are run at once", StringComparison.Ordinal));
    }

    [Fact]
    public void A_condition_that_the_file_decides_leaves_the_branch_that_it_takes()
    {
        var test = new TestModel();
        test.Input("x", "N", 6);
        test.Input("state", 2, "N", 5);
        // A state with layers is never empty, since the file says that there are two.
        test.Node("Cast", "any", [test.Node("Gather", "layers", [test.Node("Shape", "shape", ["state"]), test.Integers("first", 0)])], ("to", (int)ElementType.Bool));
        test.Node("If", "choice", ["any"], ("then_branch", BranchingModel.Layers("then", 1)), ("else_branch", BranchingModel.Layers("else", 2)));
        test.Node("ReduceSum", "past", ["state", test.Integers("along", 0)], ("keepdims", 0));
        var model = test.Output(test.Node("Add", "sum", ["choice", "past"]), "N", 5).Build();

        var (analysis, result) = (Analyze(model, ModelRunner.Samples(model)), Compress(model, ModelRunner.Samples(model, 64), new Budget(KeepParameters: 0.5)));

        Assert.Equal(BranchingModel.Parameters(model), analysis.Account!.Total);
        Assert.DoesNotContain(result.Model.Graph.Nodes, n => n.OpType == "If");
        Assert.True(BranchingModel.Parameters(result.Model) <= 0.5 * BranchingModel.Parameters(model));
        ModelAssert.SameOutputs(model, result.Model, ModelAssert.Redundant, "the only branch");
    }

    [Fact]
    public void Channels_go_through_a_branch_that_hands_them_on_where_the_other_leads_nowhere()
    {
        // A network for one position or several, whose exporter asked whether there is one before it dropped the axis.
        var test = new TestModel();
        test.Input("x", "N", 3, "L");
        test.Node("Conv", "conv", ["x", test.Weight("conv.w", 12, 3, 4), test.Weight("conv.b", 12)], ("kernel_shape", new long[] { 4 }));
        test.Node("Equal", "is_one", [test.Node("Gather", "length", [test.Node("Shape", "shape", ["conv"]), test.Integers("last", -1)]), test.Integers("one", 1)]);
        GraphProto Hand(string name, string op, params string[] axes) => new()
        {
            Name = name,
            Node = { new NodeProto { OpType = op, Input = { new[] { "conv" }.Concat(axes) }, Output = { name } } },
            Output = { TestModel.Value(name, ElementType.Float) },
        };
        test.Node("If", "choice", ["is_one"], ("then_branch", Hand("dropped", "Squeeze", test.Integers("axis", 2))), ("else_branch", Hand("kept", "Identity")));
        test.Node("Equal", "is_flat", [test.Node("Size", "axes", [test.Node("Shape", "flat", ["choice"])]), test.Integers("two", 2)]);
        var model = test.Output(test.Gemm("head", "choice", 12, 5), "N", 5).Build();
        var samples = ModelRunner.Samples(model, 64, dynamicSize: 4);

        var result = Compress(model, samples, new Budget(KeepParameters: 0.7));

        Assert.Contains(result.Sites, s => s.Site == "conv");
        Assert.True(result.Model.Graph.Constant("conv.w")!.Dims[0] < 12);
        Assert.Equal(2, result.Model.Graph.Nodes.Single(n => n.OpType == "If").Proto.Attribute.Count);
        Assert.True(ModelAssert.Distance(model, result.Model, samples) < 1);
        Assert.Throws<OnnxCompressException>(() => ModelRunner.Run(model, ModelRunner.Samples(model, dynamicSize: 5)));
        Assert.Throws<OnnxCompressException>(() => ModelRunner.Run(result.Model, ModelRunner.Samples(model, dynamicSize: 5)));
    }

    [Fact]
    public void A_weight_that_both_branches_read_stays()
    {
        var outer = new BranchingModel();
        outer.Outer.Weight("shared", 6, 6);
        GraphProto Reads(string name, string op)
        {
            var inner = new TestModel();
            inner.Node("MatMul", $"{name}/first", ["x", "shared"]);
            return BranchingModel.Closed(inner, inner.MatMul($"{name}/last", inner.Node(op, $"{name}/act", [$"{name}/first"]), 6, 5), "N", 5);
        }

        var model = outer.Choose(Reads("then", "Relu"), Reads("else", "Tanh"), "N", 5).Build();

        var result = Compress(model, BranchingModel.At(model, BranchingModel.Rate), new Budget(KeepParameters: 0.95));

        Assert.Equal(36, result.Model.Graph.Constant("shared")!.Count);
        Assert.True(BranchingModel.Parameters(result.Model) <= 0.95 * BranchingModel.Parameters(model));
        ModelAssert.SameOutputs(model, result.Model, 0, "the other branch", BranchingModel.At(model, Other));
    }

    [Fact]
    public void A_recurrent_layer_in_a_branch_reads_fewer_channels()
    {
        GraphProto Cell(string name, int seed)
        {
            var inner = new TestModel(seed: seed);
            var wide = inner.Relu($"{name}/r", inner.Gemm($"{name}/g", "x", 6, 16));
            inner.Node("Unsqueeze", $"{name}/steps", [wide, inner.Integers($"{name}/front", 0)]);
            inner.Nodes("LSTM", $"{name}/lstm", [$"{name}/steps", inner.Weight($"{name}/w", 1, 20, 16), inner.Weight($"{name}/u", 1, 20, 5)], ["", $"{name}/h"], ("hidden_size", 5));
            return BranchingModel.Closed(inner, inner.Node("Squeeze", $"{name}/out", [$"{name}/h", $"{name}/front"]), "N", 5);
        }

        var model = new BranchingModel().Choose(Cell("then", 1), Cell("else", 2), "N", 5).Build();

        var result = Compress(model, BranchingModel.At(model, BranchingModel.Rate), new Budget(KeepParameters: 0.8));

        Assert.Contains(result.Sites, s => s.Site == "then/g");
        Assert.True(BranchingModel.Parameters(result.Model) <= 0.8 * BranchingModel.Parameters(model));
        Assert.True(BranchingModel.Branch(result.Model, "then_branch").Initializer.Single(i => i.Name == "then/w").Dims[2] < 16);
        ModelAssert.SameOutputs(model, result.Model, 0, "the other branch", BranchingModel.At(model, Other));
        Assert.True(ModelAssert.Distance(model, result.Model, BranchingModel.At(model, BranchingModel.Rate)) < 0.5);
    }

    [Fact]
    public void Layers_in_a_branch_are_stored_in_bytes_there()
    {
        var model = new BranchingModel().Choose(BranchingModel.Layers("then", 1), BranchingModel.Layers("else", 2), "N", 5).Build();
        var options = new CompressionOptions { RemovesNothing = true, Precision = NumberForm.Int8, Threads = 1 };

        var result = new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(
            model, BranchingModel.At(model, BranchingModel.Rate), options, null, TestContext.Current.CancellationToken);

        Assert.Contains(BranchingModel.Branch(result.Model, "then_branch").Node, n => n.OpType == "DequantizeLinear");
        Assert.Equal(BranchingModel.Branch(model, "else_branch"), BranchingModel.Branch(result.Model, "else_branch"));
        ModelAssert.SameOutputs(model, result.Model, 0, "the other branch", BranchingModel.At(model, Other));
        Assert.True(ModelAssert.Distance(model, result.Model, BranchingModel.At(model, BranchingModel.Rate)) < 0.1);
    }

    [Fact]
    public void A_plan_names_what_lies_in_branches_and_gives_the_same_again()
    {
        var model = new BranchingModel().Choose(BranchingModel.Layers("then", 1), BranchingModel.Layers("else", 2), "N", 5).Build();
        var samples = BranchingModel.At(model, BranchingModel.Rate);
        var first = Compress(model, samples, new Budget(KeepParameters: 0.7));

        var again = new Compressor(new CpuBackend(1), ModelRunner.Runtime)
            .Compress(model, samples, new CompressionOptions { Plan = first.Plan, Alignment = 1, Threads = 1 }, null, TestContext.Current.CancellationToken);

        Assert.Equal(first.Model.ToBytes(), again.Model.ToBytes());
    }

    /// <summary>A branch with layers, and an If with layers in it.</summary>
    private static TestModel Nested()
    {
        var inner = new TestModel(seed: 5);
        inner.Node("Size", "axes", [inner.Node("Shape", "shape", [BranchingModel.Layers(inner, "then", "x")])]);
        inner.Node("Greater", "is_deep", ["axes", inner.Integers("many", 4)]);
        inner.Node("If", "inner", ["is_deep"], ("then_branch", BranchingModel.Layers("never", 3)), ("else_branch", BranchingModel.Layers("deep", 4)));
        inner.Node("Add", "both", ["inner", "then/g2"]);
        return new BranchingModel().Choose(BranchingModel.Closed(inner, "both", "N", 5), BranchingModel.Layers("else", 2), "N", 5);
    }

    private static ISampleSource Choosing(OnnxModel model) => BranchingModel.AtBoth(model);

    private static OnnxModel Lift(OnnxModel model, long rate)
    {
        var samples = BranchingModel.At(model, rate);
        return new BranchLifting(ModelRunner.Runtime, samples, 16).Apply(model, samples.Read([0]), TestContext.Current.CancellationToken);
    }

    private static ModelAnalysis Analyze(OnnxModel model, ISampleSource samples) =>
        new Compressor(new CpuBackend(1), ModelRunner.Runtime).Analyze(model, samples, new CompressionOptions(), TestContext.Current.CancellationToken);

    private static CompressionResult Compress(OnnxModel model, ISampleSource samples, Budget budget) => new Compressor(new CpuBackend(1), ModelRunner.Runtime)
        .Compress(model, samples, new CompressionOptions { Budget = budget, Alignment = 1, Threads = 1 }, null, TestContext.Current.CancellationToken);
}
