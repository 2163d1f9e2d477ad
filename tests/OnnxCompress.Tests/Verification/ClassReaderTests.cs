using OnnxCompress.Models;
using OnnxCompress.Verification;
using OnnxCompress.Verification.Decisions;

namespace OnnxCompress.Tests.Verification;

public sealed class ClassReaderTests
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
        Assert.Equal([7L, -2L], new ClassReader(DecisionRule.ArgMax, "y", 0).Decide([7, -2], [2, 1], ElementType.Int64, batch: 2));

    [Fact]
    public void A_vector_of_numbers_is_held_against_the_threshold() => Assert.Equal([0L, 1L], Decide([-1, 1], [2]));

    [Fact]
    public void The_risk_is_the_largest_share_of_a_margin_that_drift_takes_up_squared()
    {
        // Margins of class 1 are 4 and 2; the drift takes 1 of the first and 1 of the second.
        Assert.Equal(0.25, Risk([1, 5, 3], [1, 4, 3], [1, 3]));
        // A drift away from the others counts like one towards them.
        Assert.Equal(0.25, Risk([1, 5, 3], [1, 6, 3], [1, 3]));
        // What all classes share changes no decision, and no decision can be more than lost.
        Assert.Equal(0, Risk([1, 5, 3], [11, 15, 13], [1, 3]));
        Assert.Equal(1, Risk([1, 5, 3], [90, -5, 3], [1, 3]));
        Assert.Equal(1.25, Risk([1, 5, 3, 0, 0, 1], [1, 4, 3, 9, 0, 1], [2, 3]));
    }

    [Fact]
    public void The_risk_of_pixels_is_read_along_their_classes() =>
        // One sample, two classes, 1 x 2 pixels: margins 8 and 2, drifts 2 and 1.
        Assert.Equal((1 / 16.0) + (1 / 4.0), Risk([1, 4, 9, 2], [3, 4, 9, 3], [1, 2, 1, 2]));

    [Fact]
    public void The_risk_of_probabilities_is_that_of_their_logarithms()
    {
        double[] before = [0.1, 2, 1], after = [0.3, 1.5, 1.2];

        Assert.Equal(Risk(before, after, [1, 3])!.Value, Risk(Softmax(before), Softmax(after), [1, 3])!.Value, 12);
    }

    [Fact]
    public void The_risk_at_a_threshold_counts_the_distance_from_it()
    {
        Assert.Equal(0.25 + 1, Risk([2, -1], [3, 1], [2]));
        Assert.Equal(0, Risk([0], [0], [1]));
        Assert.Null(new ClassReader(DecisionRule.ArgMax, "y", 0).Risk([7], [7], [8], [1, 1], ElementType.Int64, [true]));
    }

    private static double? Risk(double[] expected, double[] actual, long[] dims)
    {
        var reader = new ClassReader(DecisionRule.ArgMax, "y", 0);
        var decisions = reader.Decide(expected, dims, ElementType.Float, (int)dims[0]);
        return reader.Risk(decisions, expected, actual, dims, ElementType.Float, [.. decisions.Select(_ => true)]);
    }

    private static double[] Softmax(double[] values)
    {
        var sum = values.Sum(Math.Exp);
        return [.. values.Select(v => Math.Exp(v) / sum)];
    }

    private static long[] Decide(double[] values, long[] dims, int? axis = null) =>
        new ClassReader(DecisionRule.ArgMax with { Axis = axis }, "y", 0).Decide(values, dims, ElementType.Float, batch: (int)dims[0]);
}
