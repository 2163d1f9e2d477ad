using System.Text.Json;
using System.Text.RegularExpressions;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests;

/// <summary>The main job as users run it, with all that it does by default.</summary>
public sealed partial class WholeRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("small.onnx");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_command_of_the_readme_prints_what_the_readme_says()
    {
        var readme = File.ReadAllText(RepositoryFiles.Path("README.md"));
        var command = Command().Match(readme).Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(word => word.StartsWith("samples/", StringComparison.Ordinal) ? RepositoryFiles.Path(word.Split('/')) : word == "glyphs.small.onnx" ? Out : word);

        var run = CliRun.Of([.. command]);

        TestContext.Current.TestOutputHelper?.WriteLine(run.Error + run.Output);
        Assert.Equal(0, run.Code);
        string[] parts = ["parameters", "MACs", "latency (batch 1", "same decision", "with 95% confidence", "accuracy, compressed", "what was cut", "left alone, by reason"];
        Assert.All(parts, part => Assert.Contains(part, run.Output, StringComparison.Ordinal));
        Assert.DoesNotContain('\u001b', run.Output + run.Error);
        Assert.Contains("wrote ", run.Error, StringComparison.Ordinal);

        // Another processor likes other widths, so what is made may differ a little; what is given may not.
        foreach (var row in new[] { "parameters", "MACs" })
        {
            var (said, made) = (Figures(readme, row), Figures(run.Output, row));
            Assert.Equal(said[0], made[0]);
            Assert.InRange(made[1] / said[1], 0.9, 1.1);
        }

        Assert.InRange(Figures(run.Output, "same decision")[0] - Figures(readme, "same decision")[0], -1, 1);
        Assert.Equal(Figures(readme, "accuracy, original"), Figures(run.Output, "accuracy, original"));
    }

    [Fact]
    public void Equal_inputs_give_equal_bytes()
    {
        Compress("--keep-macs", "0.6", "--samples", "200", "--trials", "2");
        var first = File.ReadAllBytes(Out);

        var again = Compress("--keep-macs", "0.6", "--samples", "200", "--trials", "2", "--overwrite");

        Assert.Equal(0, again.Code);
        Assert.Equal(first, File.ReadAllBytes(Out));
    }

    [Fact]
    public void A_compressed_model_is_verified_against_its_original()
    {
        Compress("--keep-macs", "0.7", "--trials", "1");

        var run = CliRun.Of("verify", SampleFiles.Model, Out, "-d", SampleFiles.Test, "--scale", SampleFiles.Scale, "--labels", SampleFiles.TestLabels, "--json");

        using var report = JsonDocument.Parse(run.Output);
        var verification = report.RootElement.GetProperty("verification");
        Assert.Equal(0, run.Code);
        Assert.Equal(1500, verification.GetProperty("samples").GetInt32());
        Assert.InRange(verification.GetProperty("agreement").GetDouble(), 0.9, 1);
        Assert.InRange(verification.GetProperty("accuracy").GetProperty("original").GetDouble(), 0.97, 1);
        Assert.True(report.RootElement.GetProperty("compressed").GetProperty("macs").GetInt64() < report.RootElement.GetProperty("original").GetProperty("macs").GetInt64());
    }

    /// <summary>The numbers of the first line of a table that begins with a word.</summary>
    private static double[] Figures(string text, string row)
    {
        var line = text.Split('\n').First(line => line.StartsWith(row + "  ", StringComparison.Ordinal));
        return [.. Number().Matches(line[row.Length..]).Select(match => double.Parse(match.Value, System.Globalization.NumberStyles.Number, System.Globalization.CultureInfo.InvariantCulture))];
    }

    [GeneratedRegex(@"^dotnet run --project src/OnnxCompress\.Cli -c Release -- (compress .*)$", RegexOptions.Multiline)]
    private static partial Regex Command();

    [GeneratedRegex(@"[0-9][0-9,]*(?:\.[0-9]+)?")]
    private static partial Regex Number();

    private CliRun Compress(params string[] options)
    {
        var run = CliRun.Of(["compress", SampleFiles.Model, "-o", Out, "-d", SampleFiles.Calibration, "--scale", SampleFiles.Scale, .. options]);
        TestContext.Current.TestOutputHelper?.WriteLine(run.Error + run.Output);
        return run;
    }
}
