using OnnxCompress.Samples;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Simplification;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Simplification;

public sealed class TransposeRemovalTests
{
    private const long Channels = 4;
    private static readonly long[] ToChannelsFirst = [0, 3, 1, 2], ToChannelsLast = [0, 2, 3, 1];

    [Fact]
    public void A_channels_last_residual_block_keeps_only_the_transposes_at_its_ends()
    {
        var test = new TestModel();
        var first = First(test, "first", Input(test));
        var head = Last(test, "head", test.Conv("conv0", first, (int)Channels, (int)Channels));
        var inner = Last(test, "inner", test.Conv("conv1", First(test, "turn1", head), (int)Channels, (int)Channels, kernel: 3, pad: 1));
        var clipped = test.Node("Clip", "clip", [inner, test.Scalar("zero", 0), test.Scalar("six", 6)]);
        var branch = Last(test, "branch", test.Conv("conv2", First(test, "turn2", clipped), (int)Channels, (int)Channels));
        var sum = test.Relu("relu", test.Node("Add", "sum", [head, branch]));
        test.Output(Last(test, "result", test.Conv("conv3", First(test, "turn3", sum), (int)Channels, (int)Channels)), "n", 5, 5, Channels);

        var graph = SimplifiedAlike(test).Graph;

        Assert.Equal(["first", "result"], Transposes(graph));
        // What least squares looks for: the sum right behind the convolution.
        var add = graph.Nodes.Single(n => n.OpType == "Add");
        Assert.Equal(["conv0", "conv2"], add.Inputs);
    }

    [Fact]
    public void A_result_that_others_read_as_it_was_is_turned_back()
    {
        var test = new TestModel();
        var relu = test.Relu("relu", Last(test, "last", test.Conv("conv", First(test, "first", Input(test)), (int)Channels, (int)Channels)));
        test.Output(relu, "n", 5, 5, Channels);
        test.Output(test.Conv("next", First(test, "again", relu), (int)Channels, 3), "n", 3, 5, 5);

        var graph = SimplifiedAlike(test).Graph;

        Assert.Equal(["first", "relu/transpose"], Transposes(graph));
    }

    [Fact]
    public void A_constant_of_more_than_one_number_holds_the_transposes_where_they_are()
    {
        var test = new TestModel();
        var last = Last(test, "last", test.Conv("conv", First(test, "first", Input(test)), (int)Channels, (int)Channels));
        var scaled = test.Node("Mul", "scaled", [last, test.Weight("factors", Channels)]);
        test.Output(test.Conv("next", First(test, "again", scaled), (int)Channels, 3), "n", 3, 5, 5);

        Assert.Equal(["first", "last", "again"], Transposes(SimplifiedAlike(test).Graph));
    }

    [Fact]
    public void Transposes_that_do_not_undo_each_other_stay()
    {
        var test = new TestModel();
        var twice = test.Node("Transpose", "twice", [First(test, "once", Input(test))], ("perm", ToChannelsFirst));
        test.Output(test.Relu("relu", twice), "n", 5, Channels, 5);

        Assert.Equal(["once", "twice"], Transposes(SimplifiedAlike(test).Graph));
    }

    [Fact]
    public void Operands_that_are_turned_differently_stay_so()
    {
        var test = new TestModel();
        var input = test.Input("x", "n", 4, 4, 4);
        var sum = test.Node("Add", "sum", [First(test, "left", input), Last(test, "right", input)]);
        test.Output(Last(test, "result", sum), "n", 4, 4, 4);

        Assert.Equal(["left", "right", "result"], Transposes(SimplifiedAlike(test).Graph));
    }

    [Fact]
    public void A_transpose_without_an_input_is_left_to_the_runtime_to_refuse()
    {
        var test = new TestModel();
        var nothing = test.Node("Transpose", "nothing", [], ("perm", ToChannelsFirst));
        test.Output(Last(test, "last", nothing));
        var graph = test.Build().Graph;

        Assert.Equal(0, TransposeRemoval.Apply(graph));
        Assert.Equal(2, graph.Nodes.Count);
    }

    [Fact]
    public void A_transpose_that_a_subgraph_reads_stays()
    {
        var test = new TestModel();
        var input = Input(test);
        var back = Last(test, "back", First(test, "first", input));
        var branch = new TestModel();
        branch.Output(branch.Node("Neg", "negative", [back]));
        test.Graph.Initializer.Add(new TensorProto { Name = "yes", DataType = (int)ElementType.Bool, Int32Data = { 1 } });
        test.Output(test.Node("If", "if", ["yes"], ("then_branch", branch.Graph), ("else_branch", branch.Graph)), "n", 5, 5, Channels);

        Assert.Equal(["first", "back"], Transposes(SimplifiedAlike(test).Graph));
    }

    private static string Input(TestModel test) => test.Input("x", "n", 5, 5, Channels);

    private static string First(TestModel test, string name, string input) => test.Node("Transpose", name, [input], ("perm", ToChannelsFirst));

    private static string Last(TestModel test, string name, string input) => test.Node("Transpose", name, [input], ("perm", ToChannelsLast));

    private static IEnumerable<string> Transposes(ModelGraph graph) => graph.Nodes.Where(n => n.OpType == "Transpose").Select(n => n.Name);

    private static OnnxModel SimplifiedAlike(TestModel test)
    {
        var model = test.Build();
        var sample = ModelRunner.Samples(model).Read(SampleBatches.Of(1, model.Inputs, 1).First().Indices);
        var simplified = Simplifier.Simplify(model, ModelRunner.Runtime, sample, TestContext.Current.CancellationToken);
        ModelAssert.SameOutputs(model, simplified, 1e-6, "the same numbers in another order");
        ModelAssert.SameContract(model, simplified);
        return simplified;
    }
}
