using System.Globalization;
using System.Text.Json;
using OnnxCompress.Allocation;
using OnnxCompress.Reporting;
using OnnxCompress.Reporting.Html;
using OnnxCompress.Selection;

namespace OnnxCompress.Tests.Reporting;

/// <summary>Reports are the same under every culture of a host app, and show what names hide.</summary>
public sealed class ForeignTextTests
{
    private const string Hidden = "\u001b[31m\u200b\u200e\u202e\u2066\ufeffname";

    private static CompressionReport Report(string name) => new()
    {
        Tool = "1.0.0",
        Seed = -7,
        Model = new(name, "ab"),
        Original = new(1_234_567, 2_345_678, 4_000_000, 1.5),
        Compressed = new(500_123, 1_000_456, 2_000_000, 0.75, "cd"),
        Verification = new(1234, 0.9123, 0.8567, 0.1234, [new(name, 0.1234, 0.9912, 20.5)], new(0.8125, 0.7125, 12, 2, 0.0129)),
        Latency = new(0.5125, 4, 1, 31),
        Sites = [new(name, "id", 12, 16, null, 0.0123, 0.0234), new("conv2", "svd", null, 64, 9, 0.0345, null) { Split = "response" }],
        Layers = [new(name, 0.3512, 0.2134, 0.0012, false)],
        Refused = [new(name, "OCX2007", $"Channels of '{name}'.", 42_000)],
        Timing = new(0.12, 0.23, 0.34, 0.45, 0.56, 0.67, 0.78, 2.89, 123_456_789),
        Changed = [new(17, name, 0, 3, 5, 1.25, -0.5)],
        Frontier = [new(900_000, 1_800_000, 3_600_000, 1.25, 0.9912, 0.0123), new(500_000, 1_000_000, 2_000_000, 0.75, 0.9123, 0.1234, Chosen: true, Command: name), new(100, 300, 500, 0.25, 0.4212, 0.5123)],
        Preprocessing = new("nchw", 0.5125, [-1.5, 2.25, 3], [4.75], "256", "bilinear", "224x320"),
        Command = name,
    };

    [Theory]
    [InlineData(",", ".", "-")]
    [InlineData(",", "\u00a0", "\u2212")]
    [InlineData("\u066b", "\u066c", "\u061c-")]
    public void A_culture_with_commas_changes_nothing(string point, string thousands, string minus)
    {
        // German, Swedish and Arabic as they write numbers: the machine that tests may know no culture but the invariant one.
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (culture.NumberFormat.NumberDecimalSeparator, culture.NumberFormat.NumberGroupSeparator, culture.NumberFormat.NegativeSign) = (point, thousands, minus);
        (culture.NumberFormat.PercentDecimalSeparator, culture.NumberFormat.PercentGroupSeparator) = (point, thousands);
        var before = CultureInfo.CurrentCulture;
        var expected = Texts(CultureInfo.InvariantCulture);
        try
        {
            Assert.Equal(expected, Texts(culture));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void What_names_hide_is_shown() => Assert.All(Texts(CultureInfo.InvariantCulture), text =>
    {
        Assert.DoesNotContain(text, c => c is '\u001b' or '\u200b' or '\u200e' or '\u202e' or '\u2066' or '\ufeff');
        Assert.Contains("u202E", text.Replace("\\", "", StringComparison.Ordinal), StringComparison.Ordinal);
    });

    [Fact]
    public void Json_still_says_the_name()
    {
        Assert.Equal(Hidden, ReportJson.Read(ReportJson.Write(Report(Hidden))).Model.Source);
        using var plan = JsonDocument.Parse(Plan.ToJson());
        Assert.Equal(Hidden, plan.RootElement.GetProperty("sites")[0].GetProperty("site").GetString());
    }

    private static CompressionPlan Plan => new("ab", [new ChannelPlan(Hidden, CompressionMethod.Interpolative, [0, 2], 3, 0.1234, -0.5)]);

    private static string[] Texts(CultureInfo culture)
    {
        CultureInfo.CurrentCulture = culture;
        return [HtmlReport.Write(Report(Hidden)), MarkdownReport.Write(Report(Hidden)), ReportJson.Write(Report(Hidden)), Plan.ToJson()];
    }
}
