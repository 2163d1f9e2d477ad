using System.Text.RegularExpressions;
using OnnxCompress.Reporting;
using OnnxCompress.Reporting.Html;
using OnnxCompress.Reporting.Shown;
using OnnxCompress.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests.Reporting;

public sealed partial class HtmlReportTests : IDisposable
{
    private const string Hostile = "<script>alert('x')</script>\"><img src=http://example.org/x>";

    private static readonly CompressionReport Report = new()
    {
        Tool = "1.0.0",
        Seed = 7,
        Model = new("m.onnx", "ab"),
        Original = new(1000, 2000, 4000, 1.5),
        Compressed = new(500, 1000, 2000, 0.75, "cd"),
        Verification = new(100, 0.9, 0.85, 0.1, [new("logits", 0.1, 0.99, 20)], new(0.8, 0.7, 12, 2, 0.0129)),
        Latency = new(0.5, 0, 1, 31),
        Sites = [new("conv1", "id", 12, 16, null, 0.01, 0.02), new("conv2", "svd", null, 64, 9, 0.03, null) { Split = "response" }],
        Layers = [new("fc7", 0.35, 0.21, 0.001, false)],
        Refused = [new("Resize_12", "OCX2007", "Channels of 'é' reach <Resize>.", 42), new("head", "OCX2001", "They are the model's output.", 7)],
        Timing = new(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 2.8, 123456),
        Changed = [new(17, "test.npy", 0, 3, 5, 1.25, 0.5)],
        Frontier = [new(900, 1800, 3600, 1.2, 0.99, 0.01), new(500, 1000, 2000, 0.75, 0.9, 0.1, Chosen: true, Command: "dotnet onnx-compress x"), new(100, 300, 500, 0.2, 0.42, 0.5)],
        Preprocessing = new("nchw", 0.5, [1, 2, 3], [4], "256", "lanczos", "224x320"),
        Command = "dotnet onnx-compress compress m.onnx",
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_happened_can_be_read_without_a_picture()
    {
        var page = HtmlReport.Write(Report);
        string[] parts =
        [
            "50.0% fewer parameters, 50.0% fewer multiply-accumulates and 50.0% fewer bytes.", "90.00% of the decisions stayed the same",
            "at least 85.00% do", "1.50 ms", "0.750 ms", "12 of 16", "rank 9 of 64", "svd, response", "0.0100", "fc7", "0.3500", "0.2100", "OCX2007", "&lt;Resize&gt;", "test.npy", "1.2500",
            "dotnet onnx-compress compress m.onnx", "(x * 0.5 - [1, 2, 3]) / 4", "cropped to 224x320", "the model of this report",
        ];

        Assert.All(parts, part => Assert.Contains(part, page, StringComparison.Ordinal));
    }

    [Fact]
    public void Both_figures_are_told_apart_in_words()
    {
        var report = Report with { Verification = Report.Verification! with { CautiousAgreement = 0.7654 } };

        Assert.All([HtmlReport.Write(report), MarkdownReport.Write(report)], words =>
        {
            Assert.Contains("with 95% confidence at least 85.00% do on data like these. On data the network was not trained on, expect 76.54%, a cautious figure.", words, StringComparison.Ordinal);
            Assert.Contains("same decision, cautious", words, StringComparison.Ordinal);
            Assert.Contains("to expect on data the network was not trained on", words, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void What_the_run_warned_of_stands_before_all_else()
    {
        var report = Report with { Diagnostics = [new("OCX7010", "warning", "Only <few> stayed."), new("OCX3004", "message", "Not for readers.")] };

        var (page, text) = (HtmlReport.Write(report), MarkdownReport.Write(report));

        Assert.Contains("<p class=\"warning\"><a href=\"docs/errors.md#OCX7010\">OCX7010</a>: Only &lt;few&gt; stayed.</p>", page, StringComparison.Ordinal);
        Assert.True(page.IndexOf("id=\"warnings\"", StringComparison.Ordinal) < page.IndexOf("id=\"cost\"", StringComparison.Ordinal));
        Assert.Contains("- [OCX7010](docs/errors.md#OCX7010): Only \\<few\\> stayed.", text, StringComparison.Ordinal);
        Assert.All([page, text], words => Assert.DoesNotContain("Not for readers", words, StringComparison.Ordinal));
        Assert.DoesNotContain("id=\"warnings\"", HtmlReport.Write(Report), StringComparison.Ordinal);
        Assert.Contains("\"help\": \"docs/errors.md#OCX7010\"", ReportJson.Write(report), StringComparison.Ordinal);

        // An entry that the links lead to.
        Assert.Contains("<a id=\"OCX7010\"></a>\n## OCX7010:", File.ReadAllText(RepositoryFiles.Path("docs", "errors.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void On_a_narrow_screen_headings_wrap_and_the_first_column_stays()
    {
        var narrow = HtmlStyle.Text[HtmlStyle.Text.IndexOf("@media (max-width: 30rem)", StringComparison.Ordinal)..HtmlStyle.Text.IndexOf("@media print", StringComparison.Ordinal)];

        Assert.Contains("thead th, caption { white-space: normal", narrow, StringComparison.Ordinal);
        Assert.Contains("position: sticky; left: 0", narrow, StringComparison.Ordinal);
        Assert.Contains("class=\"scroll\"", HtmlReport.Write(Report), StringComparison.Ordinal);
    }

    [Fact]
    public void Bounds_and_what_may_be_chance_stand_in_the_table_of_explored_models()
    {
        var report = Report with
        {
            FrontierSamples = 250,
            Frontier = [Report.Frontier[0] with { AgreementLower95 = 0.95, IsAgreementNoise = true, IsLatencyNoise = true }, Report.Frontier[2] with { AgreementLower95 = 0.37 }],
        };

        Assert.All([HtmlReport.Write(report), MarkdownReport.Write(report)], words =>
        {
            Assert.Contains("~ 99.00%", words, StringComparison.Ordinal);
            Assert.Contains("~ 1.20 ms", words, StringComparison.Ordinal);
            Assert.Contains("95.00%", words, StringComparison.Ordinal);
            Assert.DoesNotContain("~ 42.00%", words, StringComparison.Ordinal);
            Assert.Contains("250 samples", words, StringComparison.Ordinal);
            Assert.Contains("may be chance", words, StringComparison.Ordinal);
        });
        Assert.DoesNotContain("may be chance", HtmlReport.Write(Report), StringComparison.Ordinal);
        }

    [Fact]
    public void Without_verification_the_page_says_so()
    {
        var page = HtmlReport.Write(Report with { Verification = null, Changed = [], Frontier = [] });

        Assert.Contains("<p class=\"lead warning\">Nothing was verified", page, StringComparison.Ordinal);
        Assert.DoesNotContain("id=\"changed\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("id=\"frontier\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Models_that_were_only_explored_are_not_called_compressed()
    {
        var report = Report with
        {
            Compressed = Report.Original, Sites = [], Layers = [], Refused = [], Changed = [], Verification = null, FrontierSamples = 250,
            Frontier = [.. Report.Frontier.Select(point => point with { Chosen = false, Item = "<OnnxModel Include=\"m.onnx\" />" })],
        };

        var (page, text) = (HtmlReport.Write(report), MarkdownReport.Write(report));

        Assert.All([page, text], words =>
        {
            Assert.Contains("3 models, the smallest with 10.0% of the parameters and 15.0% of the multiply-accumulates.", words, StringComparison.Ordinal);
            Assert.Contains("On 250 samples that no model was made from they keep 42.00% to 99.00% of the decisions.", words, StringComparison.Ordinal);
            Assert.DoesNotContain("verified", words, StringComparison.Ordinal);
        });
        Assert.Contains("m.onnx<span class=\"quiet\">, explored", page, StringComparison.Ordinal);
        Assert.Contains("<code>&lt;OnnxModel Include=&quot;m.onnx&quot; /&gt;</code>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("id=\"cost\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_fetched_and_nothing_runs()
    {
        var page = HtmlReport.Write(Report);

        Assert.DoesNotContain("http://", page, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotMatch("\\son[a-z]+=", page);
    }

    [Fact]
    public void What_comes_from_a_model_stays_text()
    {
        var page = HtmlReport.Write(Report with
        {
            Model = new(Hostile, "ab"),
            Tool = Hostile,
            Command = Hostile,
            Sites = [new(Hostile, Hostile, 1, 2, null, 0, 0) { Split = Hostile }],
            Layers = [new(Hostile, 0, 0, null, true)],
            Refused = [new(Hostile, Hostile, Hostile, 1)],
            Changed = [new(1, Hostile, 0, 0, 1, null, null)],
            Verification = Report.Verification! with { Outputs = [new(Hostile, 0, 0, 0)] },
            Preprocessing = new(Hostile, 1, [], [], Hostile, Hostile, Hostile),
        });

        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Decisions_that_changed_can_be_looked_at_and_what_they_say_stays_text()
    {
        var picture = new ShownPicture(16, 8, PngPicture.Write(new byte[16 * 8], 16, 1));
        var page = HtmlReport.Write(Report with
        {
            Shown =
            [
                new("boxes", DecisionKind.Detection, [new ShownChange(Hostile, "1 at", "2 at")
                {
                    Picture = picture, OriginalBoxes = [new(1, 2, 5, 7, 3, 0.9)], CompressedBoxes = [new(1, 2, 4.5, 7, 3, 0.8)],
                }]),
                new("text", DecisionKind.Ctc, [new ShownChange("sample 4", $"1 2 {Hostile}", "1 3") { Picture = picture }]),
                new("vector", DecisionKind.Embedding, [new ShownChange("sample 5", "sample 6", Hostile) { Picture = picture, OriginalNeighbour = picture, CompressedNeighbour = picture }]),
                new(Hostile, DecisionKind.Pixels, [new ShownChange("sample 7", "", "3 of 128 pixels changed") { Pixels = picture }]),
            ],
        });

        Assert.Equal(6, page.Split("<image href=\"data:image/png;base64,").Length - 1);
        Assert.Contains("<rect class=\"was\" x=\"1\" y=\"2\" width=\"4\" height=\"5\">", page, StringComparison.Ordinal);
        Assert.Contains("<rect class=\"now\" x=\"1\" y=\"2\" width=\"3.5\" height=\"5\">", page, StringComparison.Ordinal);
        Assert.Contains("<code>1 <mark>2</mark> <mark>", page, StringComparison.Ordinal);
        Assert.Contains("<code>1 <mark>3</mark></code>", page, StringComparison.Ordinal);
        Assert.Contains("nearest: sample 6, now", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", page, StringComparison.Ordinal);
        Assert.DoesNotContain("=http", page.Replace("src=http://example.org/x&gt;", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.All(Drawing().Matches(page), drawing => Assert.Matches("aria-hidden=\"true\"|role=\"img\" aria-label=\"[^\"]+\"", drawing.Value));
        Assert.DoesNotContain("\"shown\"", ReportJson.Write(Report with { Shown = [] }), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Every_drawing_is_described_or_hidden_and_every_landmark_named()
    {
        var page = HtmlReport.Write(Report);

        Assert.All(Drawing().Matches(page), drawing => Assert.Matches("aria-hidden=\"true\"|role=\"img\" aria-label=\"[^\"]+\"", drawing.Value));
        Assert.Equal(Section().Count(page), Section().Matches(page).Count(section => page.Contains($"<h2 id=\"{section.Groups[1].Value}\">", StringComparison.Ordinal)));
        Assert.Equal(Table().Count(page), Caption().Count(page));
        Assert.Matches("(?s)<header>.*<nav aria-label=.*<main>.*</main>.*<footer>", page);
    }

    [Theory]
    [InlineData("light")]
    [InlineData("dark")]
    public void Text_and_bars_stand_out(string scheme)
    {
        var schemes = Variables().Matches(HtmlStyle.Text);
        var colors = schemes[scheme == "light" ? 0 : 1].Groups[1].Value.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .ToDictionary(rule => rule.Split(':')[0], rule => Luminance(rule.Split(':')[1].Trim()), StringComparer.Ordinal);
        double Contrast(string one, string other) =>
            (Math.Max(colors[one], colors[other]) + 0.05) / (Math.Min(colors[one], colors[other]) + 0.05);

        Assert.All(["--page", "--card"], back => Assert.True(Contrast("--text", back) >= 7 && Contrast("--quiet", back) >= 4.5, back));
        Assert.True(Contrast("--keep", "--page") >= 4.5, "links");
        Assert.True(Contrast("--warn-text", "--warn-back") >= 4.5, "warnings");
        Assert.All(["--keep", "--error", "--plan"], bar => Assert.True(Contrast(bar, "--track") >= 3, bar));
    }

    [Fact]
    public void A_browser_reads_it_without_a_complaint()
    {
        var page = _folder.File("report.html");
        File.WriteAllText(page, HtmlReport.Write(Report));

        var (dom, console) = Chromium.Load(page);

        Assert.Empty(console);
        Assert.Contains("90.00% of the decisions stayed the same", dom, StringComparison.Ordinal);
        Assert.Equal(Elements().Count(HtmlReport.Write(Report)), Elements().Count(dom));
    }

    [Fact]
    public void A_browser_would_complain_about_what_the_page_forbids()
    {
        var page = _folder.File("report.html");
        File.WriteAllText(page, HtmlReport.Write(Report).Replace("</main>", "<script>1</script></main>", StringComparison.Ordinal));

        var (_, console) = Chromium.Load(page);

        Assert.Contains(console, line => line.Contains("Content Security Policy", StringComparison.Ordinal));
    }

    [Fact]
    public void Markdown_says_the_same()
    {
        var text = MarkdownReport.Write(Report with { Refused = [new("a|b", "OCX2007", "x | <y>", 1)] });

        Assert.StartsWith("# m.onnx, compressed\n", text, StringComparison.Ordinal);
        Assert.Contains("| conv1 | id | 12 of 16 | 0.0100 | 0.0200 |", text, StringComparison.Ordinal);
        Assert.Contains("x \\| \\<y\\>", text, StringComparison.Ordinal);
        Assert.Contains("| 17 | test.npy | 3 | 5 | 1.2500 | 0.5000 |", text, StringComparison.Ordinal);
    }

    // WCAG 2.2, relative luminance.
    private static double Luminance(string color) => Enumerable.Range(0, 3).Sum(i =>
    {
        var channel = Convert.ToInt32(color.Substring(1 + (2 * i), 2), 16) / 255.0;
        return new[] { 0.2126, 0.7152, 0.0722 }[i] * (channel <= 0.04045 ? channel / 12.92 : Math.Pow((channel + 0.055) / 1.055, 2.4));
    });

    [GeneratedRegex("<svg[^>]*>")]
    private static partial Regex Drawing();

    [GeneratedRegex("<section id=\"[^\"]+\" aria-labelledby=\"([^\"]+)\">")]
    private static partial Regex Section();

    [GeneratedRegex("<table>")]
    private static partial Regex Table();

    [GeneratedRegex("<caption>[^<]+</caption>")]
    private static partial Regex Caption();

    [GeneratedRegex(":root \\{ (--page[^}]*)\\}")]
    private static partial Regex Variables();

    // What is opened must be what the parser understood: it drops and adds elements where the markup is wrong.
    [GeneratedRegex("<(?:section|table|tr|td|th|svg|rect|circle|details|li|p|h2|h3|figure)[ >/]")]
    private static partial Regex Elements();
}
