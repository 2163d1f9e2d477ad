using OnnxCompress.Samples;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests.Verification;

public sealed class ModelVerifierTests
{
    private readonly FakeRuntime _runtime = new();

    [Fact]
    public void Agreement_counts_equal_decisions_over_batches()
    {
        var original = _runtime.Add(row => [row[0], 50, 0], [3]);
        var compressed = _runtime.Add(row => [row[0], 40, 0], [3]);

        var result = Verify(original, compressed, 100);

        // Samples 41 to 50 are above 40 but not above 50.
        Assert.Equal((100, 100L, 90L), (result.Samples, result.Decisions, result.Agreeing));
        Assert.Equal(0.9, result.Agreement);
        Assert.Equal(BinomialBound.Lower95(90, 100), result.AgreementLower95);
        Assert.Equal([16, 16, 16, 16, 16, 16, 4], _runtime.Runs.Where(run => run.Model == original).Select(run => run.Rows));
    }

    [Fact]
    public void The_bound_counts_different_samples()
    {
        var original = _runtime.Add(row => [row[0], 2.5f], [2]);
        var compressed = _runtime.Add(row => [row[0], 3.5f], [2]);

        // Of 0 to 4 the sample 3 is decided otherwise; 20 copies of 0 add nothing.
        int[] samples = [0, 1, 2, 3, 4, .. Enumerable.Repeat(0, 20)];
        var result = new ModelVerifier(_runtime).Verify(
            original, compressed, new SubsetSampleSource(new Rows(5), samples), new VerificationOptions(), null, TestContext.Current.CancellationToken);

        Assert.Equal((25, 24L), (result.Samples, result.Agreeing));
        Assert.Equal((5, 5L, 4L), (result.DistinctSamples, result.DistinctDecisions, result.DistinctAgreeing));
        Assert.Equal(BinomialBound.Lower95(4, 5), result.AgreementLower95);
        Assert.Equal((0.96, 0.8), (result.Agreement, result.DistinctAgreement));
    }

    [Fact]
    public void Copies_of_what_changed_do_not_raise_the_bound_above_the_agreement()
    {
        var original = _runtime.Add(row => [row[0], 2.5f], [2]);
        var compressed = _runtime.Add(row => [row[0], 3.5f], [2]);

        int[] samples = [.. Enumerable.Range(0, 100), .. Enumerable.Repeat(3, 900)];
        var result = new ModelVerifier(_runtime).Verify(
            original, compressed, new SubsetSampleSource(new Rows(100), samples), new VerificationOptions(), null, TestContext.Current.CancellationToken);

        Assert.Equal(0.099, result.Agreement);
        Assert.Equal(0.099, result.AgreementLower95);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(3.5f, false)]
    public void It_is_noted_when_the_original_decides_one_thing_only(float border, bool expected)
    {
        var original = _runtime.Add(row => [row[0] + 1, border], [2]);

        Assert.Equal(expected, Verify(original, original, 10).HasOneDecision);
    }

    [Fact]
    public void Drift_is_stated_over_all_samples()
    {
        var original = _runtime.Add(row => [3, 4], [2]);
        var compressed = _runtime.Add(row => [3, 4.5f], [2]);

        var result = Verify(original, compressed, 20);

        var drift = Assert.Single(result.Outputs);
        NumericAssert.Within(0.1, drift.RelativeError!.Value, 1e-12, 1, "0.5 / 5, sums in double");
        NumericAssert.Within((9 + 18) / (5 * Math.Sqrt(9 + 20.25)), drift.Cosine!.Value, 1e-12, 1, "by hand");
        NumericAssert.Within(20, drift.SignalToNoiseDb!.Value, 1e-9, 1, "20 log10(5 / 0.5)");
        Assert.Equal(drift.RelativeError, result.RelativeError);
    }

    [Fact]
    public void Equal_models_drift_by_nothing()
    {
        var model = _runtime.Add(row => [row[0], 1], [2]);

        var drift = Assert.Single(Verify(model, model, 5).Outputs);

        Assert.Equal((0.0, (double?)null), (drift.RelativeError, drift.SignalToNoiseDb));
        NumericAssert.Within(1, drift.Cosine!.Value, 1e-15, 1, "a vector with itself");
    }

    [Fact]
    public void A_fixed_batch_is_run_as_it_is_and_padding_does_not_count()
    {
        var original = _runtime.Add(row => [row[0], 5.5f], [2], batch: 4);
        var compressed = _runtime.Add(row => [row[0], 4.5f], [2], batch: 4);

        var result = Verify(original, compressed, 6);

        Assert.All(_runtime.Runs, run => Assert.Equal(4, run.Rows));
        Assert.Equal((6L, 5L), (result.Decisions, result.Agreeing));
        NumericAssert.Within(Math.Sqrt(6 / ((6 * 30.25) + 55)), result.RelativeError!.Value, 1e-12, 1, "six samples by hand");
    }

    [Fact]
    public void Sequences_decide_at_each_position_and_the_bound_counts_samples()
    {
        var original = _runtime.Add(row => [1, 0, 0, 1, 1, 0], [3, 2]);
        var compressed = _runtime.Add(row => [1, 0, 0, 1, 0, 1], [3, 2]);

        var result = Verify(original, compressed, 9);

        Assert.Equal((27L, 18L), (result.Decisions, result.Agreeing));
        Assert.Equal(BinomialBound.Lower95(6, 9), result.AgreementLower95);
    }

    [Theory]
    [InlineData("Identity", 5)]
    [InlineData("Sigmoid", 0)]
    public void One_column_is_held_against_a_threshold_that_depends_on_what_makes_it(string op, long differing)
    {
        // 0.1 i against 0.1 i - 0.45: below 0 for i < 5, where the original is above 0 except for i = 0.
        var original = _runtime.Add(row => [row[0] == 0 ? 0.01f : 0.1f * row[0]], [1], op);
        var compressed = _runtime.Add(row => [(0.1f * row[0]) - (row[0] < 5 ? 0.45f : 0)], [1], op);

        var result = Verify(original, compressed, 10);

        Assert.Equal(differing, result.Decisions - result.Agreeing);
    }

    [Fact]
    public void A_threshold_can_be_named()
    {
        var original = _runtime.Add(row => [row[0], row[0]], [2]);
        var compressed = _runtime.Add(row => [row[0] - 1, row[0]], [2]);

        var result = Verify(original, compressed, 10, new VerificationOptions { Decisions = [new(DecisionKind.Threshold, Threshold: 4.5)] });

        Assert.Equal((20L, 19L), (result.Decisions, result.Agreeing));
    }

    [Fact]
    public void Without_decisions_only_the_drift_counts()
    {
        var model = _runtime.Add(row => [row[0], 1], [2]);

        var result = Verify(model, model, 5, new VerificationOptions { Decisions = [new(DecisionKind.None)] });

        Assert.Null(result.Agreement);
        Assert.Null(result.AgreementLower95);
        Assert.Equal(0, result.RelativeError);
    }

    [Fact]
    public void Labels_are_compared_sample_by_sample()
    {
        var original = _runtime.Add(row => [row[0], 4.5f], [2]);
        var compressed = _runtime.Add(row => [row[0], 6.5f], [2]);
        long[] labels = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0];

        var accuracy = Verify(original, compressed, 10, new VerificationOptions { Labels = labels }).Accuracy!;

        Assert.Equal((0.9, 0.7), (accuracy.Original, accuracy.Compressed));
        Assert.Equal((2L, 0L), (accuracy.OnlyOriginal, accuracy.OnlyCompressed));
        NumericAssert.Within(0.5, accuracy.PValue, 1e-12, 1, "2 / 2^2");
    }

    [Fact]
    public void Labels_that_do_not_fit_are_refused()
    {
        var model = _runtime.Add(row => [row[0], 1], [2]);
        var sequence = _runtime.Add(row => [1, 0, 0, 1], [2, 2]);

        Refused(DiagnosticCodes.LabelsMismatch, "2 labels for 3 samples", () => Verify(model, model, 3, new VerificationOptions { Labels = [0, 1] }));
        Refused(DiagnosticCodes.LabelsMismatch, "2 decisions", () => Verify(sequence, sequence, 1, new VerificationOptions { Labels = [0] }));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void A_value_that_only_compression_made_infinite_is_an_error_with_the_sample(float value)
    {
        var original = _runtime.Add(row => [row[0], 1], [2]);
        var compressed = _runtime.Add(row => [row[0], row[0] == 17 ? value : 1], [2]);

        Refused(DiagnosticCodes.OutputNotFinite, "second model's output 'y' is NaN or infinite for sample 17", () => Verify(original, compressed, 20));
    }

    [Fact]
    public void A_mask_that_both_models_have_is_no_difference()
    {
        var model = _runtime.Add(row => [row[0], float.NegativeInfinity], [2]);

        var result = Verify(model, model, 5);

        Assert.Equal((1.0, 0.0), (result.Agreement, result.RelativeError));
    }

    [Fact]
    public void Models_with_different_contracts_are_refused()
    {
        var two = _runtime.Add(row => [row[0], 1], [2]);
        var three = _runtime.Add(row => [row[0], 1, 2], [3]);
        var renamed = _runtime.Add(row => [row[0], 1], [2], output: "z");

        Refused(DiagnosticCodes.OutputsDiffer, "y: Float[batch,2] in the first model, y: Float[batch,3] in the second", () => Verify(two, three, 1));
        Refused(DiagnosticCodes.OutputsDiffer, "no output 'y'", () => Verify(two, renamed, 1));
    }

    [Fact]
    public void A_decision_that_the_output_cannot_make_is_refused()
    {
        var model = _runtime.Add(row => [row[0], 1], [2]);

        Refused(DiagnosticCodes.OutputsDiffer, "no numeric output 'q'", () => Verify(model, model, 1, new VerificationOptions { Decisions = [new(DecisionKind.ArgMax, "q")] }));
        Refused(DiagnosticCodes.OutputsDiffer, "axis 2", () => Verify(model, model, 1, new VerificationOptions { Decisions = [new(DecisionKind.ArgMax, Axis: 2)] }));
    }

    [Fact]
    public void A_cancelled_run_stops()
    {
        var model = _runtime.Add(row => [row[0], 1], [2]);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();

        Assert.Throws<OperationCanceledException>(
            () => new ModelVerifier(_runtime).Verify(model, model, new Rows(3), new VerificationOptions(), progress: null, cancelled.Token));
    }

    [Fact]
    public void Latency_is_measured_in_turn_on_one_sample()
    {
        var original = _runtime.Add(row => Slowly(row, 6), [2]);
        var compressed = _runtime.Add(row => Slowly(row, 2), [2]);

        var latency = new LatencyComparer(_runtime).Compare(
            original, compressed, new Rows(3), new LatencyOptions { Rounds = 6, Threads = 1 }, progress: null, TestContext.Current.CancellationToken);

        Assert.Equal((6, 1, 1), (latency.Rounds, latency.Batch, latency.Threads));
        Assert.True(latency.OriginalMs >= 6, $"{latency.OriginalMs} ms");
        Assert.True(latency.Ratio < 0.9, $"ratio {latency.Ratio}: sleeps of 2 ms against 6 ms");
        Assert.All(_runtime.Runs, run => Assert.Equal(1, run.Rows));
    }

    [Fact]
    public void Both_are_opened_anew_and_time_is_that_of_all_openings()
    {
        // As if what lies where in memory made every second opening of the original slow.
        var original = _runtime.Add(row => Slowly(row, _runtime.Opened.Count > 2 ? 6 : 2), [2]);
        var compressed = _runtime.Add(row => Slowly(row, 2), [2]);

        var latency = new LatencyComparer(_runtime).Compare(
            original, compressed, new Rows(1), new LatencyOptions { Rounds = 6, Threads = 1, Openings = 2 }, progress: null, TestContext.Current.CancellationToken);

        Assert.Equal([original, compressed, original, compressed], _runtime.Opened);
        Assert.Equal(6, latency.Rounds);
        Assert.True(latency.OriginalMs >= 4, $"{latency.OriginalMs} ms, where openings take 2 and 6");
    }

    [Fact]
    public void A_model_that_runs_long_is_run_a_few_times_and_the_rounds_said_are_those_that_come()
    {
        var slow = _runtime.Add(row => Slowly(row, 4), [2]);
        var told = new List<(int Done, int Total)>();

        var latency = new LatencyComparer(_runtime).Compare(
            slow, slow, new Rows(1), new LatencyOptions { Threads = 1, LongRun = TimeSpan.FromMilliseconds(2), Time = TimeSpan.FromMilliseconds(1) },
            new Told(told), TestContext.Current.CancellationToken);

        // Two each to warm up, and one each for a round.
        Assert.Equal((5, 2 * (2 + 5)), (latency.Rounds, _runtime.Runs.Count));
        Assert.Equal([(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)], told);
    }

    private sealed class Told(List<(int Done, int Total)> told) : IProgress<ProgressUpdate>
    {
        public void Report(ProgressUpdate value) => told.Add((value.Done, value.Total));
    }

    private static float[] Slowly(float[] row, int milliseconds)
    {
        Thread.Sleep(milliseconds);
        return [row[0], 1];
    }

    private static void Refused(string code, string part, Func<object> act)
    {
        var refused = Assert.Throws<OnnxCompressException>(act);

        Assert.Equal(code, refused.Diagnostic.Code);
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
    }

    private VerificationResult Verify(OnnxModel original, OnnxModel compressed, int samples, VerificationOptions? options = null) =>
        new ModelVerifier(_runtime).Verify(
            original, compressed, new Rows(samples), options ?? new VerificationOptions(), progress: null, TestContext.Current.CancellationToken);
}
