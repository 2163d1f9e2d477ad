using OnnxCompress.Verification;
using OnnxCompress.Cli.Options;
using System.Text.Json;
using System.Globalization;
using OnnxCompress.Cli.Verbs;
using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests;

/// <summary>Samples that prove nothing are not taken for a proof.</summary>
public sealed class GuardTests : IDisposable
{
    private const int Pixels = 28 * 28;

    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("small.onnx");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0, 1, 0)]
    [InlineData(0.5, 2, 5)]
    [InlineData(0.9, 10, 29)]
    [InlineData(0.95, 20, 59)]
    [InlineData(0.97, 34, 99)]
    [InlineData(0.98, 50, 149)]
    [InlineData(0.99, 100, 299)]
    [InlineData(0.999, 1000, 2995)]
    public void An_agreement_needs_so_many_samples(double agreement, long least, long proving)
    {
        Assert.Equal((least, proving), (AgreementSamples.Least(agreement), AgreementSamples.Proving(agreement)));
        Assert.True(Verification.BinomialBound.Lower95(Math.Max(1, proving), Math.Max(1, proving)) >= agreement);
        Assert.True(proving < 2 || Verification.BinomialBound.Lower95(proving - 1, proving - 1) < agreement);
    }

    [Fact]
    public void No_number_of_samples_proves_that_all_agree() => Assert.Equal((1, null), (AgreementSamples.Least(1), AgreementSamples.Proving(1)));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Verify_data_that_were_calibrated_on_are_refused(bool asNumbers)
    {
        var some = Images(100, 40);
        var calibration = _folder.Write("c.npy", NpyBytes.Of([100, 1, 28, 28], Images(0, 100)));
        // 30 of them are in the calibration data.
        byte[] mixed = [.. Images(70, 30), .. some];
        var verify = _folder.Write("v.npy", asNumbers ? NpyBytes.Of([70, 1, 28, 28], [.. mixed.Select(pixel => (float)pixel)]) : NpyBytes.Of([70, 1, 28, 28], mixed));

        Compress(calibration, "--verify-data", verify).HasOneError(1, DiagnosticCodes.GuardSeen, "30 of the 70 samples");
        Compress(calibration, "--verify-data", calibration).HasOneError(1, DiagnosticCodes.GuardSeen, "100 of the 100 samples");
    }

    [Fact]
    public void Statistics_know_a_sample_in_another_type()
    {
        var calibration = _folder.Write("c.npy", NpyBytes.Of([60, 1, 28, 28], Images(0, 60)));
        var numbers = _folder.Write("n.npy", NpyBytes.Of([60, 1, 28, 28], [.. Images(0, 60).Select(pixel => (double)pixel)]));
        Assert.Equal(0, CliRun.Of("calibrate", SampleFiles.Model, "-o", _folder.File("s.stats"), "-d", calibration, "--scale", SampleFiles.Scale, "--holdout", "0").Code);

        CliRun.Of("compress", SampleFiles.Model, "-o", Out, "--statistics", _folder.File("s.stats"), "--keep-params", "0.8", "--verify-data", numbers, "--scale", SampleFiles.Scale)
            .HasOneError(1, DiagnosticCodes.GuardSeen, "60 of the 60 samples");
    }

    [Theory]
    [InlineData("0.98", 49, 50)]
    [InlineData("0.99", 99, 100)]
    public void Too_few_samples_for_a_guard_are_an_error_with_the_number_that_is_needed(string agreement, int samples, int needed)
    {
        var verify = _folder.Write("v.npy", NpyBytes.Of([samples, 1, 28, 28], Images(200, samples)));

        Compress(Calibration(), "--verify-data", verify, "--min-agreement", agreement)
            .HasOneError(1, DiagnosticCodes.GuardTooSmall, $"at least {needed} different samples", $"there are {samples}");
        CliRun.Of("verify", SampleFiles.Model, SampleFiles.Model, "-d", verify, "--scale", SampleFiles.Scale, "--min-agreement", agreement)
            .HasOneError(1, DiagnosticCodes.GuardTooSmall, $"at least {needed} different samples");
    }

    [Fact]
    public void From_the_number_that_is_needed_on_a_message_says_that_the_bound_cannot_reach_it()
    {
        var verify = _folder.Write("v.npy", NpyBytes.Of([50, 1, 28, 28], Images(200, 50)));

        var run = CliRun.Of("verify", SampleFiles.Model, SampleFiles.Model, "-d", verify, "--scale", SampleFiles.Scale, "--min-agreement", "0.98");

        Assert.Equal(0, run.Code);
        Assert.Contains($"warning {DiagnosticCodes.FewGuardSamples}: 50 different samples prove an agreement of 94.18% at most", run.Error, StringComparison.Ordinal);
        Assert.Contains("149 would prove", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.98", 149)]
    [InlineData("0.9", 30)]
    public void Enough_samples_are_passed_in_silence(string agreement, int samples)
    {
        var verify = _folder.Write("v.npy", NpyBytes.Of([samples, 1, 28, 28], Images(200, samples)));

        var run = CliRun.Of("verify", SampleFiles.Model, SampleFiles.Model, "-d", verify, "--scale", SampleFiles.Scale, "--min-agreement", agreement);

        Assert.Equal(0, run.Code);
        Assert.DoesNotContain("warning OCX7", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Folds_prove_on_all_samples_with_models_that_have_not_seen_them()
    {
        var (report, page) = (_folder.File("report.json"), _folder.File("report.html"));
        var folded = Compress(Calibration(), "--folds", "2", "--report", report, "--report", page, "--verbose");
        Assert.True(folded.Code == 0, folded.Error);
        var bytes = File.ReadAllBytes(Out);
        var again = Compress(Calibration(), "--folds", "2", "--report", report, "--threads", "1", "--overwrite");
        Assert.Equal(bytes, File.ReadAllBytes(Out));

        const string Said = "2 models made on the other folds were judged on 100 samples; the written model is made from all of them.";
        Assert.Contains($"folds: {Said}", folded.Output, StringComparison.Ordinal);
        Assert.Contains("on 100 samples in 2 folds", again.Output, StringComparison.Ordinal);
        Assert.Contains(Said, File.ReadAllText(page), StringComparison.Ordinal);
        Assert.Contains("Only 100 samples differ", folded.Error, StringComparison.Ordinal);
        var verification = JsonDocument.Parse(File.ReadAllText(report)).RootElement.GetProperty("verification");
        Assert.Equal((100, 2), (verification.GetProperty("samples").GetInt32(), verification.GetProperty("folds").GetInt32()));

        // Without folds it is said what they would do; with them 100 samples are enough for what 40 are not.
        var held = Compress(Calibration(), "--overwrite", "--verbose");
        Assert.Contains("Only 40 samples are held out", held.Error, StringComparison.Ordinal);
        Assert.Contains("--folds 5 proves on all samples of -d instead", held.Error, StringComparison.Ordinal);
        Compress(Calibration(), "--overwrite", "--min-agreement", "0.98").HasOneError(1, DiagnosticCodes.GuardTooSmall, "there are 40:", "With --folds 5 all samples");
        Compress(Calibration(), "--overwrite", "--folds", "20", "--min-agreement", "0.995").HasOneError(1, DiagnosticCodes.GuardTooSmall, "there are 100:");
        var few = _folder.Write("few.npy", NpyBytes.Of([5, 1, 28, 28], Images(0, 5)));
        Compress(few, "--overwrite", "--folds", "3").HasOneError(1, DiagnosticCodes.GuardTooSmall, "at least 6 different samples, and there are 5");
    }

    [Fact]
    public void Copies_count_once()
    {
        var copies = _folder.Write("v.npy", NpyBytes.Of([500, 1, 28, 28], [.. Enumerable.Repeat(Images(200, 1), 500).SelectMany(pixels => pixels)]));

        Compress(Calibration(), "--verify-data", copies, "--min-agreement", "0.98").HasOneError(1, DiagnosticCodes.GuardTooSmall, "there are 1:");
        var run = Compress(Calibration(), "--verify-data", copies, "--verbose");

        Assert.True(run.Code == 0, run.Error);
        Assert.Contains($"message {DiagnosticCodes.FewGuardSamples}: Only 1 of the 500 held-out samples differ", run.Error, StringComparison.Ordinal);
        Assert.Contains("proves no more than 5.00%", run.Error, StringComparison.Ordinal);
        Assert.Contains($"warning {DiagnosticCodes.OneDecision}", run.Error, StringComparison.Ordinal);
        Assert.Contains("on 500 held-out samples (1 different)", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("at least 99", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void One_sample_passes_no_guard_but_by_force()
    {
        var one = _folder.Write("v.npy", NpyBytes.Of([1, 1, 28, 28], Images(200, 1)));

        Compress(Calibration(), "--verify-data", one, "--min-agreement", "0.9").HasOneError(1, DiagnosticCodes.GuardTooSmall, "at least 10");
        var forced = Compress(Calibration(), "--verify-data", one, "--min-agreement", "0.9", "--force");

        Assert.True(forced.Code == 0, forced.Error);
        Assert.Contains($"warning {DiagnosticCodes.GuardTooSmall}", forced.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Samples_of_one_class_are_said_to_prove_little()
    {
        // Empty pictures with one pixel each: different samples, and one answer.
        var pixels = new byte[120 * Pixels];
        for (var i = 0; i < 120; i++)
        {
            pixels[(i * Pixels) + i] = 1;
        }

        var dull = _folder.Write("v.npy", NpyBytes.Of([120, 1, 28, 28], pixels));

        var verified = CliRun.Of("verify", SampleFiles.Model, SampleFiles.Model, "-d", dull, "--scale", SampleFiles.Scale, "--min-agreement", "0.97");
        var compressed = Compress(Calibration(), "--verify-data", dull);

        Assert.All([verified, compressed], run => Assert.Contains($"warning {DiagnosticCodes.OneDecision}: The original decides the same for all 120 samples", run.Error, StringComparison.Ordinal));
        Assert.Contains("120 samples", verified.Output.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
    }

    [Fact]
    public void The_cautious_figure_is_held_too_unless_the_data_are_unseen()
    {
        var data = _folder.Write("v.npy", NpyBytes.Of([400, 1, 28, 28], Images(200, 400)));
        string[] strict = ["--verify-data", data, "--min-agreement"];
        var report = _folder.File("r.json");
        Assert.Equal(0, Compress(Calibration(), "--verify-data", data, "--min-agreement", "0", "--report", report).Code);
        var found = JsonDocument.Parse(File.ReadAllText(report)).RootElement.GetProperty("verification");
        var (plain, cautious) = (found.GetProperty("agreement").GetDouble(), found.GetProperty("cautiousAgreement").GetDouble());
        // Between the two lies what one accepts and the other does not.
        Assert.True(cautious < plain - 0.001, $"{cautious} and {plain}");
        var between = ((plain + cautious) / 2).ToString(CultureInfo.InvariantCulture);

        var refused = Compress(Calibration(), [.. strict, between, "--overwrite"]);
        var accepted = Compress(Calibration(), [.. strict, between, "--data-kind", "unseen", "--overwrite"]);
        var verified = CliRun.Of("verify", SampleFiles.Model, Out, "-d", data, "--scale", SampleFiles.Scale, "--min-agreement", between);

        Assert.Equal(3, refused.Code);
        Assert.Contains("--data-kind unseen", refused.Error, StringComparison.Ordinal);
        Assert.True(accepted.Code == 0, accepted.Error);
        Assert.True(verified.Code == 0, verified.Error);
        Assert.Equal(3, CliRun.Of("verify", SampleFiles.Model, Out, "-d", data, "--scale", SampleFiles.Scale, "--min-agreement", between, "--data-kind", "trained").Code);
    }

    [Fact]
    public void A_loss_of_accuracy_is_held_against_labels()
    {
        var data = _folder.Write("v.npy", NpyBytes.Of([200, 1, 28, 28], Images(200, 200)));
        // Labels that the original cannot have: it loses nothing that it never had, and with its own it may lose some.
        var wrong = _folder.Write("l.npy", NpyBytes.Of([200], Enumerable.Repeat(999L, 200).ToArray()));

        var run = Compress(Calibration(), "--verify-data", data, "--labels", wrong, "--max-accuracy-drop", "0%");

        Assert.True(run.Code == 0, run.Error);
        Assert.Null(new Guard(null, null) { MaximumAccuracyDrop = 0.005 }.Failure(Accuracy(0.9, 0.895)));
        Assert.Contains("90.00% to 89.40%", new Guard(null, null) { MaximumAccuracyDrop = 0.005 }.Failure(Accuracy(0.9, 0.894))!.Message, StringComparison.Ordinal);
        Assert.NotNull(new Guard(null, null) { MaximumAccuracyDrop = 0.005 }.Failure(Accuracy(0.9, 0.894) with { Accuracy = null }));
        CliRun.Of("verify", SampleFiles.Model, SampleFiles.Model, "-d", data, "--max-accuracy-drop", "0.01").HasOneError(2, DiagnosticCodes.OptionsConflict, "needs --labels");
    }

    private static VerificationResult Accuracy(double original, double compressed) => new(1000, 1000, 950, 0.1, [], new(original, compressed, 8, 2));

    private string Calibration()
    {
        var path = _folder.File("c.npy");
        return File.Exists(path) ? path : _folder.Write("c.npy", NpyBytes.Of([100, 1, 28, 28], Images(0, 100)));
    }

    private CliRun Compress(string data, params string[] more) => CliRun.Of(
        ["compress", SampleFiles.Model, "-o", Out, "-d", data, "--scale", SampleFiles.Scale, "--keep-params", "0.9", "--methods", "id", "--reconstruct", "none", "--trials", "1",
            "--cache-dir", "none", .. more]);

    /// <summary>Pixels of images of the test data, all different.</summary>
    private static byte[] Images(int first, int count)
    {
        var pixels = File.ReadAllBytes(SampleFiles.Test)[^(1500 * Pixels)..];
        return pixels[(first * Pixels)..((first + count) * Pixels)];
    }
}
