using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests.Verification;

/// <summary>Each kind of decision on outputs that are written by hand: sample i is the number i.</summary>
public sealed class DecisionKindTests
{
    private readonly FakeRuntime _runtime = new();

    [Fact]
    public void A_class_among_the_five_largest_is_the_same_for_top5()
    {
        var original = _runtime.Add(_ => [6, 0, 0, 0, 0, 0, 0], [7]);
        // Four to six others stand before the class.
        var compressed = _runtime.Add(row => [3, 9, 9, 9, 9, row[0] > 1 ? 9 : 0, row[0] > 2 ? 9 : 0], [7]);

        var result = Verify(original, compressed, 4, new DecisionRule(DecisionKind.TopFive));

        Assert.Equal((4L, 2L), (result.Decisions, result.Agreeing));
    }

    [Fact]
    public void Each_label_decides_for_itself_and_whole_samples_are_counted_too()
    {
        var original = _runtime.Add(row => [1, -1, 1], [3]);
        var compressed = _runtime.Add(row => [1, row[0] == 0 ? 1 : -1, 1], [3]);

        var result = Verify(original, compressed, 4, new DecisionRule(DecisionKind.MultiLabel));

        Assert.Equal((12L, 11L), (result.Decisions, result.Agreeing));
        Assert.Equal(0.75, Figure(result, "exactMatch"));
    }

    [Fact]
    public void Pixels_have_classes_on_the_second_axis_and_regions_that_overlap()
    {
        // Two classes, 1 x 4 pixels: the original says 0 0 1 1, the other 0 1 1 1.
        var original = _runtime.Add(_ => [1, 1, 0, 0, 0, 0, 1, 1], [2, 1, 4]);
        var compressed = _runtime.Add(_ => [1, 0, 0, 0, 0, 1, 1, 1], [2, 1, 4]);

        var result = Verify(original, compressed, 3, new DecisionRule(DecisionKind.Pixels));

        Assert.Equal((12L, 9L), (result.Decisions, result.Agreeing));
        NumericAssert.Within(((1 / 2.0) + (2 / 3.0)) / 2, Figure(result, "meanIou"), 1e-12, 1, "by hand");
    }

    [Fact]
    public void A_mask_without_channels_is_held_against_its_threshold()
    {
        var original = _runtime.Add(_ => [0.9f, 0.1f, 0.6f], [1, 3], "Sigmoid");
        var compressed = _runtime.Add(_ => [0.9f, 0.1f, 0.4f], [1, 3], "Sigmoid");

        var result = Verify(original, compressed, 2, new DecisionRule(DecisionKind.Pixels));

        Assert.Equal((6L, 4L), (result.Decisions, result.Agreeing));
    }

    [Fact]
    public void The_nearest_neighbour_decides_of_embeddings_and_a_turn_of_all_changes_none()
    {
        // Directions at 0, 10, 22 and 36 degrees: neighbours are 1, 0, 1, 2.
        double[] degrees = [0, 10, 22, 36];
        var original = _runtime.Add(row => Direction(degrees[(int)row[0]]), [2]);
        var turned = _runtime.Add(row => Direction(degrees[(int)row[0]] + 90), [2]);
        // The third goes to 24: it is nearer to the fourth then.
        var other = _runtime.Add(row => Direction(row[0] == 2 ? 24 : degrees[(int)row[0]]), [2]);

        var same = Verify(original, turned, 4, new DecisionRule(DecisionKind.Embedding));
        var result = Verify(original, other, 4, new DecisionRule(DecisionKind.Embedding));

        Assert.Equal((4L, 4L), (same.Decisions, same.Agreeing));
        NumericAssert.Within(0, Figure(same, "meanCosine"), 1e-6, 1, "a right angle, stored in single precision");
        Assert.Equal((4L, 3L), (result.Decisions, result.Agreeing));
        var change = Assert.Single(result.Changed);
        Assert.Equal((2, 1L, 3L), (change.Sample, change.Original, change.Compressed));
    }

    [Fact]
    public void One_sample_has_no_neighbour_and_so_no_decision()
    {
        var model = _runtime.Add(_ => [1, 2], [2]);

        Assert.Null(Verify(model, model, 1, new DecisionRule(DecisionKind.Embedding)).Agreement);
    }

    [Fact]
    public void Texts_are_spelt_by_the_largest_class_without_repetitions_and_blanks()
    {
        // Blank is 0. The original spells 1 1 2 (the blank parts the ones); the other 1 2.
        var original = _runtime.Add(_ => Steps(3, 1, 1, 0, 1, 2), [5, 3]);
        var same = _runtime.Add(_ => Steps(3, 1, 0, 1, 2, 2), [5, 3]);
        var other = _runtime.Add(row => row[0] == 1 ? Steps(3, 1, 1, 1, 1, 2) : Steps(3, 1, 1, 0, 1, 2), [5, 3]);

        Assert.Equal(1, Verify(original, same, 3, new DecisionRule(DecisionKind.Ctc)).Agreement);
        var result = Verify(original, other, 4, new DecisionRule(DecisionKind.Ctc));

        Assert.Equal((4L, 3L), (result.Decisions, result.Agreeing));
        NumericAssert.Within(1 / 3.0 / 4, Figure(result, "meanEditDistance"), 1e-12, 1, "one of three characters in one of four texts");
        Assert.Equal(("1 1 2", "1 2"), (result.Changed[0].OriginalText, result.Changed[0].CompressedText));
    }

    [Fact]
    public void The_blank_can_be_the_last_class()
    {
        var original = _runtime.Add(_ => Steps(3, 2, 0, 2), [3, 3]);
        var other = _runtime.Add(_ => Steps(3, 0, 0, 2), [3, 3]);

        Assert.Equal(1, Verify(original, other, 2, new DecisionRule(DecisionKind.Ctc) { Blank = -1 }).Agreement);
        Assert.Equal(0, Verify(original, other, 2, new DecisionRule(DecisionKind.Ctc)).Agreement);
    }

    [Fact]
    public void Boxes_are_the_same_where_they_overlap_by_half()
    {
        // Anchors with centre, size, sureness and two classes; the second overlaps the first and goes, the third is not sure.
        float[] first = [50, 50, 20, 20, 1, 0.9f, 0], duplicate = [52, 50, 20, 20, 1, 0.8f, 0], unsure = [10, 10, 4, 4, 0.1f, 0.9f, 0], second = [20, 80, 10, 10, 1, 0, 0.7f];
        var original = _runtime.Add(_ => [.. first, .. duplicate, .. unsure, .. second, .. unsure, .. unsure, .. unsure, .. unsure], [8, 7]);
        // For odd samples the second box is of another class.
        var compressed = _runtime.Add(row => [.. first, .. duplicate, .. unsure, 20, 80, 10, 10, 1, row[0] % 2 == 1 ? 0.7f : 0, row[0] % 2 == 1 ? 0 : 0.7f, .. unsure, .. unsure, .. unsure, .. unsure], [8, 7]);

        var result = Verify(original, compressed, 4, new DecisionRule(DecisionKind.Detection));

        // Two boxes of each model a sample; for two samples one pair of two is lost.
        Assert.Equal((16L, 12L), (result.Decisions, result.Agreeing));
        Assert.Equal(2, Figure(result, "boxesBySample"));
        Assert.Contains("1 at 15.0,75.0 to 25.0,85.0", result.Changed[0].OriginalText, StringComparison.Ordinal);
    }

    [Fact]
    public void Heads_with_anchors_last_are_read_by_columns()
    {
        // Eight anchors of which the first is a box of class 1: rows are x, y, width, height and two classes.
        static float[] Head(float x) => [x, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.9f, 0, 0, 0, 0, 0, 0, 0];
        var original = _runtime.Add(_ => Head(10), [6, 8]);

        Assert.Equal(1, Verify(original, _runtime.Add(_ => Head(11), [6, 8]), 2, new DecisionRule(DecisionKind.Detection)).Agreement);
        Assert.Equal(0, Verify(original, _runtime.Add(_ => Head(14), [6, 8]), 2, new DecisionRule(DecisionKind.Detection)).Agreement);
    }

    [Fact]
    public void Boxes_and_scores_in_two_outputs_are_found_by_their_shapes_and_names()
    {
        (string, long[])[] outputs = [("scores", [2, 2]), ("boxes", [2, 4])];
        // Scores are a background and a face.
        var original = _runtime.Add(_ => [[0.1f, 0.9f, 0.9f, 0.1f], [0, 0, 2, 2, 5, 5, 6, 6]], outputs);
        var compressed = _runtime.Add(row => [[0.1f, 0.9f, row[0] == 0 ? 0.2f : 0.9f, row[0] == 0 ? 0.8f : 0.1f], [0, 0, 2, 2, 5, 5, 6, 6]], outputs);

        var result = Verify(original, compressed, 3, new DecisionRule(DecisionKind.Detection));

        // A box too many in the first of three samples.
        Assert.Equal((7L, 6L), (result.Decisions, result.Agreeing));
    }

    [Fact]
    public void An_output_that_holds_no_boxes_is_refused()
    {
        var model = _runtime.Add(_ => [1, 2, 3], [3]);

        var error = Assert.Throws<OnnxCompressException>(() => Verify(model, model, 2, new DecisionRule(DecisionKind.Detection)));
        Assert.Equal(DiagnosticCodes.OutputsDiffer, error.Diagnostic.Code);
        Assert.Contains("[2,3]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Boxes_in_parts_have_four_corners_or_are_refused()
    {
        (string, long[])[] outputs = [("boxes", [2, 4]), ("scores", [2]), ("labels", [2])], three = [("boxes", [2, 3]), ("scores", [2]), ("labels", [2])];
        var whole = _runtime.Add(_ => [[0, 0, 2, 2, 5, 5, 6, 6], [0.9f, 0.1f], [1, 1]], outputs);
        var broken = _runtime.Add(_ => [[0, 0, 2, 5, 5, 6], [0.9f, 0.1f], [1, 1]], three);

        // The second box is not sure enough to be one.
        Assert.Equal((6L, 6L), (Verify(whole, whole, 3, new DecisionRule(DecisionKind.Detection)).Decisions, Verify(whole, whole, 3, new DecisionRule(DecisionKind.Detection)).Agreeing));
        Assert.Equal(DiagnosticCodes.OutputsDiffer, Assert.Throws<OnnxCompressException>(() => Verify(broken, broken, 2, new DecisionRule(DecisionKind.Detection))).Diagnostic.Code);
    }

    [Fact]
    public void Tokens_have_a_divergence_and_the_perplexity_of_the_original_choice()
    {
        var original = _runtime.Add(_ => [0, (float)Math.Log(3), (float)Math.Log(3), 0], [2, 2]);
        var compressed = _runtime.Add(_ => [0, 0, 0, 0], [2, 2]);

        var result = Verify(original, compressed, 2, new DecisionRule(DecisionKind.Tokens));

        // From (1/4, 3/4) to halves; ties go to the lower token.
        Assert.Equal((4L, 2L), (result.Decisions, result.Agreeing));
        NumericAssert.Within((0.25 * Math.Log(0.5)) + (0.75 * Math.Log(1.5)), Figure(result, "meanKullbackLeibler"), 1e-6, 1, "by hand, single precision");
        NumericAssert.Within(2, Figure(result, "perplexityOfChoice"), 1e-6, 1, "each choice has one half");
    }

    [Fact]
    public void Positions_that_a_mask_leaves_out_do_not_count()
    {
        // The input is the mask itself: two positions, of which the second is there for odd samples.
        var original = _runtime.Add(_ => [[1f, 0, 1, 0]], [("y", [2, 2])], input: "attention_mask");
        var compressed = _runtime.Add(_ => [[1f, 0, 0, 1]], [("y", [2, 2])], input: "attention_mask");
        var samples = new MaskRows();

        var result = new ModelVerifier(_runtime).Verify(original, compressed, samples, new VerificationOptions { Decisions = [new(DecisionKind.Tokens)] }, null, TestContext.Current.CancellationToken);

        // Four first positions agree, two second ones do not, and two are not there.
        Assert.Equal((6L, 4L), (result.Decisions, result.Agreeing));
    }

    [Fact]
    public void A_mask_that_is_no_input_is_refused()
    {
        var model = _runtime.Add(_ => [1, 2], [2]);

        var error = Assert.Throws<OnnxCompressException>(() => new ModelVerifier(_runtime).Verify(
            model, model, new Rows(2), new VerificationOptions { Mask = "absent" }, null, TestContext.Current.CancellationToken));
        Assert.Contains("'absent'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_rule_with_the_least_agreement_speaks_for_all()
    {
        (string, long[])[] outputs = [("a", [2]), ("b", [2])];
        var original = _runtime.Add(row => [[row[0], 0.5f], [1, 0]], outputs);
        var compressed = _runtime.Add(row => [[row[0], 0.5f], row[0] == 3 ? [0, 1] : [1, 0]], outputs);

        var result = Verify(original, compressed, 4, new DecisionRule(DecisionKind.ArgMax, "a"), new DecisionRule(DecisionKind.ArgMax, "b"));

        Assert.Equal([("a", 1.0), ("b", 0.75)], result.ByRule.Select(rule => (rule.Output, rule.Agreement!.Value)));
        Assert.Equal(0.75, result.Agreement);
        Assert.False(result.HasOneDecision);
    }

    [Fact]
    public void A_regression_has_an_error_and_no_decision()
    {
        var original = _runtime.Add(_ => [3, 4], [2]);
        var compressed = _runtime.Add(_ => [3, 4.5f], [2]);

        var result = Verify(original, compressed, 4, new DecisionRule(DecisionKind.Regression));

        Assert.Null(result.Agreement);
        NumericAssert.Within(0.1, result.RelativeError!.Value, 1e-9, 1, "0.5 of 5");
    }

    [Fact]
    public void Drift_that_is_stretched_lowers_the_cautious_figure_of_every_kind()
    {
        // Margins 2, drift .6: no text changes at once, all do at four times the drift.
        var original = _runtime.Add(_ => [0, 2, 0], [1, 3]);
        var compressed = _runtime.Add(_ => [0, 1.7f, 0.3f], [1, 3]);

        var result = Verify(original, compressed, 4, new DecisionRule(DecisionKind.Ctc));

        Assert.Equal(1, result.Agreement);
        NumericAssert.Within(0.7487069574574727, result.CautiousAgreement!.Value, 1e-12, 1, "the mean of nothing up to 3 and 1 / k from 4 on over 2 to 8, and .84 of its error in four samples, by numpy");
    }

    [Fact]
    public void Drift_of_probabilities_is_stretched_where_they_add_up()
    {
        // In logits the margin is 2 and the drift .9; in probabilities it would turn the decision later.
        var original = _runtime.Add(_ => Softmax(2), [2]);
        var compressed = _runtime.Add(_ => Softmax(1.1), [2]);
        var sigmoids = (_runtime.Add(_ => Sigmoid(2), [1], "Sigmoid"), _runtime.Add(_ => Sigmoid(0.9), [1], "Sigmoid"));

        NumericAssert.Within(0.6321779004515363, Verify(original, compressed, 4, DecisionRule.ArgMax).CautiousAgreement!.Value, 1e-12, 1, "2 - 3 x 0.9 is below 0");
        NumericAssert.Within(0.49881269738092915, Verify(sigmoids.Item1, sigmoids.Item2, 4, DecisionRule.ArgMax).CautiousAgreement!.Value, 1e-12, 1, "2 - 2 x 1.1 is below 0");
    }

    [Fact]
    public void Drift_that_moves_nothing_however_far_it_goes_costs_nothing()
    {
        var original = _runtime.Add(row => [row[0] + 1, 0], [2]);
        var rounded = _runtime.Add(row => [(row[0] + 1) * 1.0001f, 0], [2]);

        Assert.Equal(1, Verify(original, rounded, 10, DecisionRule.ArgMax).CautiousAgreement);
    }

    [Fact]
    public void What_was_counted_as_it_is_has_a_standard_error()
    {
        var original = _runtime.Add(row => [1, 0], [2]);
        var compressed = _runtime.Add(row => row[0] < 100 ? [0, 1] : [1, 0], [2]);

        // A tenth of 1,000 at once, and none of the others however far.
        NumericAssert.Within(1 - 0.1 - (0.84 * Math.Sqrt(0.1 * 0.9 / 1000)), Verify(original, compressed, 1000, DecisionRule.ArgMax).CautiousAgreement!.Value, 1e-12, 1, "by hand");
    }

    [Fact]
    public void Samples_beside_count_in_the_cautious_figure_alone()
    {
        var original = _runtime.Add(row => [1, 0], [2]);
        // Twenty of the first two hundred change, and 320 of a thousand.
        var compressed = _runtime.Add(row => row[0] is < 20 or >= 700 ? [0, 1] : [1, 0], [2]);
        var options = new VerificationOptions { Decisions = [DecisionRule.ArgMax] };
        var token = TestContext.Current.CancellationToken;

        var alone = new ModelVerifier(_runtime).Verify(original, compressed, new Rows(200), options, null, token);
        var both = new ModelVerifier(_runtime).Verify(original, compressed, new Rows(200), options with { Beside = new Rows(1000) }, null, token);

        Assert.Equal((alone.Samples, alone.Agreement, alone.Decisions), (both.Samples, both.Agreement, both.Decisions));
        NumericAssert.Within(1 - 0.1 - (0.84 * Math.Sqrt(0.1 * 0.9 / 200)), alone.CautiousAgreement!.Value, 1e-12, 1, "20 of 200");
        var share = 340.0 / 1200;
        NumericAssert.Within(1 - share - (0.84 * Math.Sqrt(share * (1 - share) / 1200)), both.CautiousAgreement!.Value, 1e-12, 1, "340 of 1,200");
    }

    [Fact]
    public void Pixels_that_changed_are_kept_for_the_samples_that_changed_most()
    {
        // Two rows of three pixels; of sample i the first i change, up to all six.
        var original = _runtime.Add(_ => [.. Enumerable.Repeat(1f, 6), .. Enumerable.Repeat(0f, 6)], [2, 2, 3]);
        var compressed = _runtime.Add(row => [.. Enumerable.Repeat(1f, 6), .. Enumerable.Range(0, 6).Select(i => i < row[0] ? 2f : 0f)], [2, 2, 3]);

        var kept = Assert.Single(Verify(original, compressed, 12, new DecisionRule(DecisionKind.Pixels)).ByRule).ChangedPixels;

        Assert.Equal([6, 7, 8, 9, 10, 11, 5, 4], kept.Select(change => change.Sample));
        Assert.Equal((3, 4, 6), (kept[^1].Width, kept[^1].Count, kept[^1].Counted));
        Assert.Equal([true, true, true, true, false, false], kept[^1].Changed);
    }

    [Fact]
    public void Parts_that_several_models_answer_are_counted_as_one()
    {
        var original = _runtime.Add(row => [1, 0], [2]);
        var (good, bad) = (_runtime.Add(row => [1, 0], [2]), _runtime.Add(row => row[0] < 6 ? [0, 1] : [1, 0], [2]));

        var result = Parts(original, 10, DecisionRule.ArgMax, (good, [0, 1, 2, 3]), (bad, [4, 5, 6, 7, 8, 9]));

        Assert.Equal((10, 10L, 8L, 10, 2), (result.Samples, result.Decisions, result.Agreeing, result.DistinctSamples, result.Folds));
        Assert.Equal([4, 5], result.Changed.Select(change => change.Sample).Order());
    }

    [Fact]
    public void Neighbours_are_looked_for_among_the_samples_of_one_model()
    {
        // Samples lie at 0, 1, 2, ... degrees; the second model is turned by a right angle, which changes no neighbour within its part.
        var original = _runtime.Add(row => Direction(row[0] * row[0]), [2]);
        var turned = _runtime.Add(row => Direction(90 + (row[0] * row[0])), [2]);

        var result = Parts(original, 8, new DecisionRule(DecisionKind.Embedding), (original, [0, 1, 2, 7]), (turned, [3, 4, 5, 6]));

        Assert.Equal((8L, 8L), (result.Decisions, result.Agreeing));
        NumericAssert.Within(0.5, Figure(result, "meanCosine"), 1e-6, 1, "half of them 1, half of them 0");
    }

    private VerificationResult Parts(OnnxModel original, int samples, DecisionRule rule, params (OnnxModel Model, IReadOnlyList<int> Samples)[] parts) => new ModelVerifier(_runtime).VerifyParts(
        original, parts, new Rows(samples), new VerificationOptions { Decisions = [rule] }, TestContext.Current.CancellationToken);

    private static float[] Softmax(double logit) => [(float)(1 / (1 + Math.Exp(-logit))), (float)(1 / (1 + Math.Exp(logit)))];

    private static float[] Sigmoid(double logit) => [(float)(1 / (1 + Math.Exp(-logit)))];

    private static float[] Direction(double degrees) => [(float)Math.Cos(degrees * Math.PI / 180), (float)Math.Sin(degrees * Math.PI / 180)];

    private static float[] Steps(int classes, params int[] steps) => [.. steps.SelectMany(step => Enumerable.Range(0, classes).Select(c => c == step ? 1f : 0f))];

    private static double Figure(VerificationResult result, string name) => Assert.Single(Assert.Single(result.ByRule).Figures, figure => figure.Name == name).Value;

    private VerificationResult Verify(OnnxModel original, OnnxModel compressed, int samples, params DecisionRule[] rules) => new ModelVerifier(_runtime).Verify(
        original, compressed, new Rows(samples), new VerificationOptions { Decisions = rules }, progress: null, TestContext.Current.CancellationToken);
}
