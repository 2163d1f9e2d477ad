using System.Text;
using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Selection;
using OnnxCompress.Testing;

namespace OnnxCompress.Tests.Allocation;

public sealed class PlanFileTests : IDisposable
{
    private const string Sound = """{ "schema": 1, "model": "ab", "rule": "r", "sites": [ { "site": "conv1", "method": "Interpolative", "kept": [0, 2], "of": 4, "ridge": 0.5, "predictedError": 0.25 } ] }""";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void What_was_written_is_what_is_read()
    {
        var plan = new CompressionPlan("ab", [
            new ChannelPlan("conv1", CompressionMethod.Interpolative, [0, 2, 5], 8, 0.1 + 0.2, 1e-7),
            new ChannelPlan("conv1", CompressionMethod.Coreset, [1], 2, 0.5, 0) { Factors = [1.5] },
            new SplitPlan("fc/\"\u00e9\u202e", new SplitShape(SplitForm.Tucker, 3, InnerRank: 4), 9, 1d / 3),
            new SplitPlan("wide", new SplitShape(SplitForm.Alds, 2, Groups: 4), 16, double.PositiveInfinity),
        ]) { Rule = "levels" };
        plan.Save(_folder.File("plan.json"));

        var read = CompressionPlan.Load(_folder.File("plan.json"));

        Assert.Equal(("ab", "levels"), (read.ModelSha256, read.Rule));
        var channels = read.Channels.ToArray();
        Assert.Equal((0.1 + 0.2, 1e-7, 8, 3), (channels[0].PredictedError, channels[0].Ridge, channels[0].Of, channels[0].Kept.Count));
        Assert.Equal([0, 2, 5], channels[0].Kept);
        Assert.Null(channels[0].Factors);
        Assert.Equal([1.5], channels[1].Factors!);
        var splits = read.Splits.ToArray();
        Assert.Equal(("fc/\"\u00e9\u202e", new SplitShape(SplitForm.Tucker, 3, InnerRank: 4), 9, 1d / 3), (splits[0].Site, splits[0].Shape, splits[0].LargestRank, splits[0].PredictedError));
        // JSON has no infinity: what is not known is left out, and read as nothing predicted.
        Assert.Equal((new SplitShape(SplitForm.Alds, 2, Groups: 4), 0.0), (splits[1].Shape, splits[1].PredictedError));
        Assert.Equal(read.ToText(), CompressionPlan.Load(Write(read.ToText())).ToText());
    }

    [Fact]
    public void Plans_of_earlier_versions_mean_floating_point()
    {
        Assert.Equal(NumberForm.Float, CompressionPlan.Load(Write(Sound)).Precision);
        Assert.DoesNotContain("precision\":", new CompressionPlan("ab", []).ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_numbers_of_a_plan_are_read_again_and_need_data()
    {
        var read = CompressionPlan.Load(Write(new CompressionPlan("ab", []) { Precision = NumberForm.Int8 }.ToText()));

        Assert.Equal(NumberForm.Int8, read.Precision);
        Assert.False(read.NeedsNoData);
    }

    [Fact]
    public void Text_that_could_command_a_terminal_or_turn_a_line_round_is_escaped()
    {
        var text = new CompressionPlan("ab", [new SplitPlan("a\u202eb\u001bc", new SplitShape(SplitForm.Plain, 1), 2, 0)]).ToText();

        Assert.DoesNotContain('\u202e', text);
        Assert.DoesNotContain('\u001b', text);
        Assert.Equal("a\u202eb\u001bc", Assert.Single(CompressionPlan.Load(Write(text)).Splits).Site);
    }

    [Fact]
    public void The_mark_that_editors_put_in_front_is_no_part_of_the_plan()
    {
        var path = _folder.Write("marked.json", [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Sound)]);

        Assert.Equal([0, 2], Assert.Single(CompressionPlan.Load(path).Channels).Kept);
    }

    [Theory]
    [InlineData("\"schema\": 1", "\"schema\": 2", "schema 1")]
    [InlineData("\"Interpolative\"", "\"1\"", "no known method")]
    [InlineData("\"Interpolative\"", "\"LowRank\"", "not one for channels")]
    [InlineData("\"of\": 4", "\"of\": 0", "lacks 'of'")]
    [InlineData("0.25", "-0.25", "'predictedError'")]
    [InlineData("0.25", "1e999", "'predictedError'")]
    [InlineData("0.5", "1e999", "'ridge'")]
    [InlineData("\"of\": 4", "\"of\": 4, \"factors\": [1e999, 1]", "'factors'")]
    [InlineData("\"site\": \"conv1\"", "\"site\": null", "no known method")]
    [InlineData("\"rule\": \"r\"", "\"rule\": \"r\", \"rule\": \"s\"", "plan")]
    [InlineData("[ {", "[ null, {", "schema 1")]
    public void What_is_no_plan_is_refused_with_its_reason(string sound, string changed, string reason)
    {
        var path = Write(Sound.Replace(sound, changed, StringComparison.Ordinal));

        var refused = Assert.Throws<OnnxCompressException>(() => CompressionPlan.Load(path));

        Assert.Equal(DiagnosticCodes.PlanUnreadable, refused.Diagnostic.Code);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private string Write(string text) => _folder.Write("plan.json", Encoding.UTF8.GetBytes(text));
}
