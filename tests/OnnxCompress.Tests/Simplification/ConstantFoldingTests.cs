using OnnxCompress.Models;
using OnnxCompress.Samples;
using OnnxCompress.Simplification;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Simplification;

public sealed class ConstantFoldingTests
{
    [Fact]
    public void A_turned_weight_becomes_its_values()
    {
        var test = new TestModel();
        test.Floats("w", [2, 3], [1, 2, 3, 4, 5, 6]);
        test.Input("x", "N", 3);
        test.Node("MatMul", "y", ["x", test.Node("Transpose", "turned", ["w"])]);
        var model = test.Output("y").Build();

        var folded = Fold(model, out var gone);

        Assert.Equal(1, gone);
        Assert.Equal("MatMul", Assert.Single(folded.Graph.Nodes).OpType);
        Assert.Equal([1, 4, 2, 5, 3, 6], folded.Graph.Constant("turned")!.ReadFloats());
        ModelAssert.SameOutputs(model, folded, 0, "the same products");
    }

    [Fact]
    public void Arithmetic_of_sizes_becomes_a_size()
    {
        var test = new TestModel();
        test.Input("x", "N", 6);
        var sum = test.Node("Add", "sum", [test.Integers("a", 1, -3), test.Integers("b", 1, 6)]);
        test.Node("Reshape", "y", ["x", sum]);

        var folded = Fold(test.Output("y").Build(), out var gone);

        Assert.Equal(1, gone);
        Assert.Equal([2L, 3], folded.Graph.Constant("sum")!.ReadIntegers());
    }

    [Fact]
    public void What_an_input_a_draw_or_a_scale_has_part_in_stays()
    {
        var test = new TestModel();
        test.Input("x", "N", 3);
        test.Floats("w", [3], [1, 2, 3]);
        var drawn = test.Node("RandomNormalLike", "drawn", ["w"]);
        test.Node("Add", "y", [test.Node("Transpose", "turned", ["x"]), test.Node("Transpose", "back", [test.Node("Transpose", "again", ["x"])])]);
        test.Node("Mul", "z", ["x", drawn]);
        var model = test.Output("y").Output("z").Build();

        var folded = Fold(model, out var gone);

        Assert.Equal(0, gone);
        Assert.Equal(model.ToBytes(), folded.ToBytes());
    }

    [Theory]
    [InlineData(1000, true)]
    [InlineData(100_000, false)]
    public void A_value_that_outgrows_what_it_is_made_from_stays_a_node(int length, bool isFolded)
    {
        var test = new TestModel();
        test.Input("x", "N", length);
        test.Node("Add", "y", ["x", test.Node("Expand", "many", [test.Floats("one", [1], [1]), test.Integers("size", length)])]);

        var folded = Fold(test.Output("y").Build(), out _);

        Assert.Equal(isFolded, folded.Graph.Constant("many") is not null);
    }

    [Fact]
    public void A_table_that_something_else_reads_is_stored_once()
    {
        var test = new TestModel();
        test.Input("ids", ElementType.Int64, "N", 2);
        test.Weight("table", 200, 30);
        var embedded = test.Node("Gather", "embedded", ["table", "ids"]);
        test.Node("MatMul", "logits", [embedded, test.Node("Transpose", "turned", ["table"])]);
        var model = test.Output("logits").Build();

        var folded = Fold(model, out var gone);

        Assert.Equal(0, gone);
        Assert.Equal(model.Bytes, folded.Bytes);
    }

    [Fact]
    public void Paths_that_double_with_every_node_are_walked_once()
    {
        const int length = 2000;
        var test = new TestModel();
        test.Input("x", "N", length);
        var last = test.Floats("one", [length], [.. Enumerable.Repeat(1f, length)]);
        for (var i = 0; i < 40; i++)
        {
            last = test.Node("Add", $"twice{i}", [last, last]);
        }

        test.Node("Mul", "y", ["x", last]);

        var folded = Fold(test.Output("y").Build(), out var gone);

        Assert.Equal(40, gone);
        Assert.All(folded.Graph.Constant(last)!.ReadFloats(), value => Assert.Equal(MathF.Pow(2, 40), value));
    }

    private static OnnxModel Fold(OnnxModel model, out int gone)
    {
        var folded = model.Clone();
        var sample = ModelRunner.Samples(model).Read(SampleBatches.Of(1, model.Inputs, 1).First().Indices);
        gone = ConstantFolding.Apply(folded, ModelRunner.Runtime, sample, TestContext.Current.CancellationToken);
        return folded;
    }
}
