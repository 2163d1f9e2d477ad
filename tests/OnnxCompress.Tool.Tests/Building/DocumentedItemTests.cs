using System.Globalization;
using System.IO.Compression;
using System.Text.RegularExpressions;
using OnnxCompress.Testing;
using OnnxCompress.Tool.Tests.Packages;

namespace OnnxCompress.Tool.Tests.Building;

/// <summary>Items in the guides build as they stand, without a warning, and say what the guide says.</summary>
public sealed partial class DocumentedItemTests(PackedPackages packages)
{
    /// <summary>Other vectors have other widths, and a few decisions of 250 more or less change.</summary>
    private const double MostOfSize = 0.06, MostOfDecisions = 0.02;

    private static readonly string[] Pages = ["README.md", "docs/msbuild.md", "docs/guide-build.md"];

    public static TheoryData<string> Items => [.. Pages.SelectMany(page => Item().Matches(File.ReadAllText(RepositoryFiles.Path(page.Split('/'))))).Select(item => item.Value).Distinct()];

    [Theory]
    [MemberData(nameof(Items))]
    public void An_item_of_a_page_builds_where_warnings_are_errors(string item)
    {
        using var consumer = new Consumer(packages);
        var model = Attribute(item, "Include");
        var data = Attribute(item, "Data").Replace("*", "all", StringComparison.Ordinal);
        File.Copy(SampleFiles.Model, consumer.At(model), overwrite: true);
        File.Delete(consumer.At("Calibration/few.npy"));
        WriteData(consumer.At(data));
        consumer.WriteApp(item);

        var run = consumer.Run("build", "-warnaserror");

        Assert.True(run.Code == 0, run.Output);
        Assert.Empty(run.Warnings);
        Assert.InRange(consumer.Length($"bin/Debug/net10.0/{model}"), 1, Consumer.OriginalBytes - 1);
        if (Said().Match(File.ReadAllText(RepositoryFiles.Path("docs", "guide-build.md"))) is { Success: true } guide && guide.Groups["model"].Value == model)
        {
            var built = Said().Match(run.Output);
            Assert.True(built.Success, run.Output);
            foreach (var (figure, most) in new[] { ("megabytes", MostOfSize), ("decisions", MostOfDecisions) })
            {
                Assert.InRange(Number(built, figure) / Number(guide, figure), 1 - most, 1 + most);
            }
        }
    }

    [Fact]
    public void There_are_items() => Assert.True(Items.Count >= 2);

    private static double Number(Match match, string figure) => double.Parse(match.Groups[figure].Value, CultureInfo.InvariantCulture);

    private static string Attribute(string item, string name) => Regex.Match(item, $"{name}=\"([^\"]*)\"").Groups[1].Value;

    private static void WriteData(string path)
    {
        if (Path.GetExtension(path) == ".npy")
        {
            File.Copy(SampleFiles.Calibration, path);
            return;
        }

        using var archive = ZipFile.Open(path, ZipArchiveMode.Create);
        archive.CreateEntryFromFile(SampleFiles.Calibration, "image.npy");
    }

    [GeneratedRegex("""^ *<OnnxModel [^<]*? />$""", RegexOptions.Multiline)]
    private static partial Regex Item();

    [GeneratedRegex("""(?<model>[\w/.]+\.onnx): [0-9.]+ -> (?<megabytes>[0-9.]+) MB, -[0-9]+%, (?<decisions>[0-9.]+)% same decisions""")]
    private static partial Regex Said();
}
