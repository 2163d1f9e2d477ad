using OnnxCompress.Models;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests.Verification;

public sealed class DecisionReaderTests
{
    [Fact]
    public void Ties_go_to_the_lower_class() => Assert.Equal([1L, 0L], Decide([0, 5, 5, 2, 2, 1], [2, 3]));

    [Fact]
    public void Classes_of_images_lie_on_the_second_axis()
    {
        // One sample, two classes, 1 x 3 pixels.
        var decisions = Decide([1, 9, 1, 2, 3, 4], [1, 2, 1, 3]);

        Assert.Equal([1L, 0L, 1L], decisions);
    }

    [Fact]
    public void Classes_of_sequences_lie_on_the_last_axis() => Assert.Equal([1L, 0L, 1L], Decide([1, 9, 3, 2, 3, 4], [1, 3, 2]));

    [Fact]
    public void An_axis_can_be_named_from_either_end()
    {
        Assert.Equal([1L, 0L, 1L], Decide([1, 9, 1, 2, 3, 4], [1, 2, 3], axis: 1));
        Assert.Equal([1L, 0L, 1L], Decide([1, 9, 1, 2, 3, 4], [1, 2, 3], axis: -2));
    }

    [Fact]
    public void An_integer_output_is_the_decision_itself() =>
        Assert.Equal([7L, -2L], new DecisionReader(DecisionRule.ArgMax, "y", 0).Decide([7, -2], [2, 1], ElementType.Int64, batch: 2));

    [Fact]
    public void A_vector_of_numbers_is_held_against_the_threshold() => Assert.Equal([0L, 1L], Decide([-1, 1], [2]));

    private static long[] Decide(double[] values, long[] dims, int? axis = null) =>
        new DecisionReader(DecisionRule.ArgMax with { Axis = axis }, "y", 0).Decide(values, dims, ElementType.Float, batch: (int)dims[0]);
}
