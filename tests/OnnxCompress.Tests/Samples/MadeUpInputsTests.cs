using OnnxCompress.Models;
using OnnxCompress.Samples;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Samples;

/// <summary>What is made up for inputs, as their names and uses suggest.</summary>
public sealed class MadeUpInputsTests
{
    [Fact]
    public void Ids_lie_within_the_table_that_they_index()
    {
        var model = new TestModel();
        model.Input("tokens", ElementType.Int64, "N", "T");
        model.Node("Cast", "wide", ["tokens"], ("to", (long)ElementType.Int64));
        model.Node("Gather", "rows", [model.Weight("table", 7, 4), "wide"]);

        var ids = Values(model.Output("rows", "N", "T", 4).Build(), "tokens", ("tokens", [1, 200]));

        Assert.InRange(ids.Min(), 0, 1);
        Assert.InRange(ids.Max(), 5, 6);
    }

    [Theory]
    [InlineData("attention_mask", ElementType.Int64, 1)]
    [InlineData("attention_mask", ElementType.Float, 1)]
    [InlineData("token_type_ids", ElementType.Int64, 0)]
    [InlineData("sample_rate", ElementType.Int64, 16000)]
    [InlineData("lengths", ElementType.Int64, 9)]
    [InlineData("flag", ElementType.Bool, 0)]
    public void Names_say_what_values_are(string name, ElementType type, double expected)
    {
        TensorInfo[] inputs = [new("audio", ElementType.Float, [new(null, "N"), new(null, "T"), new(3)]), new(name, type, [new(null, "N")])];
        var source = new RandomSampleSource(inputs, 2, 0, new Dictionary<string, IReadOnlyList<long>> { ["audio"] = [1, 9, 3] });

        Assert.All(Numbers(source.Read([0, 1])[1]), value => Assert.Equal(expected, value));
    }

    [Fact]
    public void Positions_count_up()
    {
        TensorInfo[] inputs = [new("position_ids", ElementType.Int64, [new(null, "N"), new(4)])];

        Assert.Equal([0, 1, 2, 3, 0, 1, 2, 3], Numbers(new RandomSampleSource(inputs, 2, 0).Read([0, 1])[0]));
    }

    [Fact]
    public void A_choice_is_what_it_is_compared_with()
    {
        var model = new TestModel();
        model.Input("kind", ElementType.Int64);
        model.Node("Equal", "is", ["kind", model.Integers("known", 8000)]);
        var proto = model.Output("is", ElementType.Bool, 1);
        proto.Graph.Input[0].Type.TensorType.Shape = new();

        Assert.Equal([8000], Values(proto.Build(), "kind"));
    }

    [Fact]
    public void Something_that_hides_what_it_marks_marks_nothing()
    {
        var model = new TestModel();
        model.Input("x", "N", 4);
        model.Input("valid", "N", 4);
        model.Node("Sub", "hidden", [model.Scalar("one", 1), "valid"]);
        model.Node("Mul", "low", ["hidden", model.Scalar("lowest", -1e9f)]);
        model.Node("Add", "scores", ["x", "low"]);

        Assert.All(Values(model.Output("scores", "N", 4).Build(), "valid"), value => Assert.Equal(1, value));
    }

    [Fact]
    public void A_length_that_one_input_is_given_holds_for_all_that_bear_its_name()
    {
        TensorInfo[] inputs =
        [
            new("ids", ElementType.Int64, [new(null, "N"), new(null, "seq")]),
            new("mask", ElementType.Int64, [new(null, "N"), new(null, "past + seq")]),
            new("past", ElementType.Float, [new(null, "N"), new(null, "past"), new(3)]),
        ];

        var tensors = new RandomSampleSource(inputs, 1, 0, new Dictionary<string, IReadOnlyList<long>> { ["ids"] = [1, 5], ["past"] = [1, 2, 3] }).Read([0]);

        Assert.Equal([1L, 7], tensors[1].Dims);
    }

    private static double[] Values(OnnxModel model, string input, params (string Name, long[] Dims)[] shapes)
    {
        var source = RandomSampleSource.For(model, 1, 0, shapes.ToDictionary(shape => shape.Name, shape => (IReadOnlyList<long>)shape.Dims, StringComparer.Ordinal));
        return Numbers(source.Read([0]).Single(tensor => tensor.Name == input));
    }

    private static double[] Numbers(HostTensor tensor) => [.. tensor.Values.Cast<object>().Select(value => Convert.ToDouble(value, System.Globalization.CultureInfo.InvariantCulture))];
}
