using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Tests.Models;

/// <summary>Which axis of each input counts samples, by what a model declares.</summary>
public sealed class FeedPlanTests
{
    [Fact]
    public void The_batch_is_found_on_the_axis_that_bears_the_name_it_has_elsewhere()
    {
        var plan = Plan(Input("chunk", "N", 64), Input("state", 2, "N", 16), Input("rate"));

        Assert.Equal([0, 1, null], plan.Inputs.Select(feed => feed.BatchAxis));
        Assert.Null(plan.FixedBatch);
    }

    [Fact]
    public void A_name_that_says_batch_is_believed_on_any_axis() =>
        Assert.Equal([1, 1], Plan(Input("steps", "time", "batch", 8), Input("state", 1, "batch", 8)).Inputs.Select(feed => feed.BatchAxis));

    [Fact]
    public void A_state_of_a_model_without_names_has_the_batch_where_it_is_dynamic() =>
        Assert.Equal([0, 1, null], Plan(Input("chunk", null, null), Input("state", 2, null, 128), Input("rate")).Inputs.Select(feed => feed.BatchAxis));

    [Fact]
    public void An_input_of_fixed_sizes_beside_a_dynamic_batch_is_one_value_for_all()
    {
        var plan = Plan(Input("x", "N", 6, 24), Input("bias", 6, 6));

        Assert.Equal([0, null], plan.Inputs.Select(feed => feed.BatchAxis));
        Assert.Null(plan.FixedBatch);
    }

    [Fact]
    public void Positions_as_long_as_the_tokens_are_one_value_for_all() =>
        Assert.Equal([0, null], Plan(Input("ids", "batch", "sequence"), Input("positions", "sequence")).Inputs.Select(feed => feed.BatchAxis));

    [Fact]
    public void Names_of_points_and_sides_are_no_batch()
    {
        Assert.Equal((0, 1), Single(Input("cloud", 1, 3, "N")));
        Assert.Equal((0, 1), Single(Input("image", 1, 3, "height", "width")));
        Assert.Equal((0, null), Single(Input("image", "N", 3, "height", "width")));
    }

    [Fact]
    public void Where_everything_is_fixed_the_batch_is_one_that_all_can_have()
    {
        var plan = Plan(Input("state", 2, 1, 16), Input("chunk", 1, 64), Input("rate", 1));

        Assert.Equal([1, 0, 0], plan.Inputs.Select(feed => feed.BatchAxis));
        Assert.Equal(1, plan.FixedBatch);
        Assert.Equal(4, Plan(Input("a", 4, 3), Input("b", 4, 1), Input("table", 7, 2)).FixedBatch);
    }

    [Fact]
    public void Names_of_their_own_in_front_still_count_samples() =>
        Assert.Equal([0, 0], Plan(Input("a", "unk_1", 3), Input("b", "unk_2", 4)).Inputs.Select(feed => feed.BatchAxis));

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    public void A_declared_size_that_is_none_is_refused(long size) => Assert.Equal(
        DiagnosticCodes.InputSizeInvalid, Assert.Throws<OnnxCompressException>(() => Plan(Input("x", "N", size))).Diagnostic.Code);

    private static (int?, int?) Single(TensorInfo input) => Plan(input) is var plan ? (plan.Inputs[0].BatchAxis, plan.FixedBatch) : default;

    private static FeedPlan Plan(params TensorInfo[] inputs) => FeedPlan.Of(inputs);

    private static TensorInfo Input(string name, params object?[] dims) => new(name, ElementType.Float,
        [.. dims.Select(dim => dim switch { int size => new Dimension(size), long size => new Dimension(size), string symbol => new Dimension(null, symbol), _ => new Dimension(null) })]);
}
