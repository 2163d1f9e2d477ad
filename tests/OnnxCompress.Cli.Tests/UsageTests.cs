using OnnxCompress.Diagnostics;
using OnnxCompress.Numerics;
using OnnxCompress.Numerics.Ilgpu;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests;

public sealed class UsageTests
{
    [Theory]
    [InlineData("'--kep-macs' is not an option of compress. Did you mean '--keep-macs'?", "compress", "m.onnx", "-o", "o.onnx", "--kep-macs", "0.5")]
    [InlineData("Did you mean '--keep-macs'?", "compress", "--kep-macs=0.5", "m.onnx")]
    [InlineData("Did you mean 'compress'?", "comprss", "m.onnx")]
    [InlineData("See inspect --help.", "inspect", "m.onnx", "--frobnicate")]
    [InlineData("'b.onnx' is one argument too many", "inspect", "a.onnx", "b.onnx")]
    public void A_misspelt_word_is_answered_with_a_suggestion(string part, params string[] args) =>
        CliRun.Of(args).HasOneError(2, DiagnosticCodes.ArgumentUnknown, part);

    [Theory]
    [InlineData("A verb is missing")]
    [InlineData("MODEL is missing", "inspect")]
    [InlineData("COMPRESSED is missing", "verify", "a.onnx")]
    [InlineData("-o is missing", "compress", "m.onnx", "--keep-macs", "0.5")]
    [InlineData("--keep-macs needs a value", "compress", "m.onnx", "-o", "o.onnx", "--keep-macs")]
    [InlineData("a budget is needed", "compress", "m.onnx", "-o", "o.onnx")]
    [InlineData("Data are missing", "verify", "a.onnx", "b.onnx")]
    public void What_is_missing_is_named(string part, params string[] args) => CliRun.Of(args).HasOneError(2, DiagnosticCodes.ArgumentMissing, part);

    [Theory]
    [InlineData("--keep-macs is '0,5'", "--keep-macs", "0,5")]
    [InlineData("above 0 and at most 1", "--keep-macs", "0")]
    [InlineData("above 0 and at most 1", "--keep-params", "1.01")]
    [InlineData("--keep-bytes is 'NaN'", "--keep-bytes", "NaN")]
    [InlineData("--min-agreement is '98'", "--keep-macs", "0.5", "--min-agreement", "98")]
    [InlineData("nchw or nhwc", "--keep-macs", "0.5", "--layout", "hwc")]
    [InlineData("--std is '1,0,1'", "--keep-macs", "0.5", "--std", "1,0,1")]
    [InlineData("--mean is 'x'", "--keep-macs", "0.5", "--mean", "0.4,x")]
    [InlineData("at least 1", "--keep-macs", "0.5", "--samples", "0")]
    [InlineData("from 0 to 0.8", "--keep-macs", "0.5", "--holdout", "0.9")]
    [InlineData("argmax, top5, threshold=T", "--keep-macs", "0.5", "--decision", "largest")]
    [InlineData("argmax, top5, threshold=T", "--keep-macs", "0.5", "--decision", "boxes=largest")]
    [InlineData("--decision threshold is 'x'", "--keep-macs", "0.5", "--decision", "boxes=threshold=x")]
    [InlineData("trained or unseen", "--keep-macs", "0.5", "--data-kind", "fresh")]
    [InlineData("a program and its arguments", "--keep-macs", "0.5", "--judge", "'judge")]
    [InlineData("not a batch file", "--keep-macs", "0.5", "--judge", "judge.CMD --fast")]
    [InlineData("--folds is '1'", "--keep-macs", "0.5", "--folds", "1")]
    [InlineData("from 2 to 20", "--keep-macs", "0.5", "--folds", "21")]
    [InlineData("--judge-time is '0'", "--keep-macs", "0.5", "--judge", "judge", "--judge-time", "0")]
    [InlineData("for instance 0.5%", "--keep-macs", "0.5", "--verify-data", "v.npy", "--labels", "l.npy", "--max-accuracy-drop", "120%")]
    [InlineData("--seed is '-1'", "--keep-macs", "0.5", "--seed", "-1")]
    [InlineData("--align is '0'", "--keep-macs", "0.5", "--align", "0")]
    [InlineData("--memory is 'much'", "--keep-macs", "0.5", "--memory", "much")]
    [InlineData("--time-limit is '0s'", "--time-limit", "0s")]
    [InlineData("for instance 90s, 5m or 1h", "--keep-macs", "0.5", "--time-limit", "5d")]
    [InlineData("at most seven days", "--keep-macs", "0.5", "--time-limit", "169h")]
    [InlineData("--keep-latency is '0'", "--keep-latency", "0")]
    [InlineData("strong-rrqr", "--keep-macs", "0.5", "--selection", "magnitude")]
    [InlineData("id, svd, coreset, redundancy or depth", "--keep-macs", "0.5", "--methods", "id,prune")]
    [InlineData("cpu, cuda, opencl or auto", "--keep-macs", "0.5", "--device", "tpu")]
    public void A_value_that_cannot_be_used_is_named(string part, params string[] options) =>
        CliRun.Of(["compress", "m.onnx", "-o", "o.onnx", "-d", "d.npy", .. options]).HasOneError(2, DiagnosticCodes.OptionInvalid, part);

    [Fact]
    public void A_range_of_inputs_has_its_smaller_end_first() =>
        CliRun.Of("compress", "m.onnx", "-o", "o.onnx", "--keep-macs", "0.5", "--input-range", "1,0").HasOneError(2, DiagnosticCodes.OptionInvalid, "--input-range is '1,0'");

    [Theory]
    [InlineData("redundancy looks at activations", "--methods", "redundancy")]
    [InlineData("--reconstruct", "--reconstruct", "local")]
    [InlineData("--split is made from activations", "--methods", "svd", "--split", "response")]
    public void What_needs_data_is_refused_without(string part, params string[] options) =>
        CliRun.Of(["compress", "m.onnx", "-o", "o.onnx", "--keep-macs", "0.5", .. options]).HasOneError(2, DiagnosticCodes.OptionsConflict, part);

    [Theory]
    [InlineData("compress", "cuda")]
    [InlineData("explore", "opencl")]
    public void A_device_that_is_not_there_is_refused_and_never_replaced(string verb, string device)
    {
        Assert.SkipWhen(IsThere(device), $"This machine has a {device} device.");

        CliRun.Of([verb, "m.onnx", "-o", "o.html", "-d", "d.npy", "--device", device]).HasOneError(1, DiagnosticCodes.DeviceAbsent, $"--device {device}", "--device cpu");
    }

    [Theory]
    [InlineData("--quiet and --verbose", "--quiet", "--verbose")]
    [InlineData("--input-range stands in for data", "--input-range", "0,1")]
    [InlineData("--verify-data, which is missing", "--labels", "l.npy")]
    [InlineData("give one of them", "--holdout", "0.3", "--verify-data", "v.npy")]
    [InlineData("does not go with --holdout", "--folds", "5", "--holdout", "0.3")]
    [InlineData("does not go with --verify-data", "--folds", "5", "--verify-data", "v.npy")]
    [InlineData("does not go with --statistics", "--folds", "5", "--statistics", "s.stats")]
    [InlineData("does not go with --judge", "--folds", "5", "--judge", "judge")]
    [InlineData("the guard is --max-error", "--decision", "none", "--min-agreement", "0.9")]
    [InlineData("with decisions it is --min-agreement", "--max-error", "0.1")]
    [InlineData("do not go with --decision none", "--decision", "none", "--axis", "1")]
    [InlineData("--locked holds the result to a plan", "--locked")]
    [InlineData("given 2 times", "--seed", "1", "--seed", "2")]
    public void Options_that_contradict_each_other_are_refused(string part, params string[] options) =>
        CliRun.Of(["compress", "m.onnx", "-o", "o.onnx", "-d", "d.npy", "--keep-macs", "0.5", .. options])
            .HasOneError(2, DiagnosticCodes.OptionsConflict, part);

    [Fact]
    public void Every_verb_helps_with_examples()
    {
        var verbs = CliRun.Of("--help").Output.Split("Commands:")[1].Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ')[0]).ToArray();

        Assert.Subset(verbs.ToHashSet(), new HashSet<string> { "compress", "inspect", "calibrate", "merge", "verify" });
        Assert.All(verbs, verb =>
        {
            var run = CliRun.Of(verb, "--help");
            Assert.Equal((0, ""), (run.Code, run.Error));
            Assert.Contains($"Examples:{Environment.NewLine}  dotnet onnx-compress {verb} ", run.Output, StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("compress --keep-m", "--keep-macs")]
    [InlineData("cal", "calibrate")]
    [InlineData("compress m.onnx --selection piv", "pivoted-qr")]
    public void A_shell_is_told_how_a_word_may_end(string line, string word)
    {
        var run = CliRun.Of($"[suggest:{line.Length}]", line);

        Assert.Equal(0, run.Code);
        Assert.Contains(word, run.Output.Split(Environment.NewLine));
    }

    [Fact]
    public void Every_option_of_the_interface_is_there()
    {
        string[] contract =
        [
            "--data", "--layout", "--shape", "--scale", "--mean", "--std", "--statistics", "--samples", "--holdout", "--folds", "--decision", "--output", "--axis",
            "--max-error", "--verify-data", "--keep-params", "--keep-bytes", "--keep-macs", "--keep-latency", "--min-agreement", "--methods",
            "--reconstruct", "--align", "--selection", "--split", "--plan", "--locked", "--cache-dir", "--memory", "--force", "--overwrite",
            "--original-otherwise", "--quiet", "--verbose", "--allow-external-outside", "--inputs-stay", "--include", "--exclude", "--seed", "--threads", "--device", "--json", "--report",
        ];
        var help = CliRun.Of("compress", "--help").Output;

        Assert.All(contract, option => Assert.True(
            help.Contains(option, StringComparison.Ordinal), option));
    }

    [Fact]
    public void The_version_is_printed()
    {
        var run = CliRun.Of("--version");

        Assert.Equal(0, run.Code);
        Assert.StartsWith(ToolVersion.Text, run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Arguments_can_come_from_a_response_file()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllLines(folder.File("args.rsp"), ["compress", "m.onnx", "-o", "o.onnx", "--keep-macs", "2"]);

        CliRun.Of($"@{folder.File("args.rsp")}").HasOneError(2, DiagnosticCodes.OptionInvalid, "--keep-macs is '2'");
    }

    private static bool IsThere(string device)
    {
        try
        {
            using var backend = IlgpuProvider.Open(device, 1);
            return true;
        }
        catch (NumericException)
        {
            return false;
        }
    }
}
