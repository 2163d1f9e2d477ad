using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Precision;
using OnnxCompress.Selection;

namespace OnnxCompress.Tests;

/// <summary>A budget of bytes is shared between the numbers of layers and what is removed, where a byte mends as much in both.</summary>
public sealed class FormMixturesTests
{
    private const long Budget = 2400;

    // Of four layers of a thousand weights two lose much in 4 bits.
    private static readonly LayerPrecision[] Layers =
    [
        .. new[] { 0.2, 0.001, 0.15, 0.002 }.Select((own, i) => new LayerPrecision($"layer{i}", "int4") { Parameters = 1000, Error = 0.5, OwnError = own }),
    ];

    /// <summary>What is removed to meet the budget costs an error in proportion.</summary>
    private static CompressionPlan Plan(StoredForms forms, double price)
    {
        var bytes = Layers.Sum(l => l.Parameters * forms.Bytes[l.Layer]);
        var removed = Math.Max(0, bytes - Budget) * price;
        return removed > 1
            ? throw new OnnxCompressException(DiagnosticCodes.BudgetOutOfReach, "Too much.")
            : new("", removed == 0 ? [] : [new ChannelPlan("group", CompressionMethod.Interpolative, [0], 2, removed, 0)]) { Wider = forms.Wider };
    }

    [Theory]
    [InlineData(1e-9, new[] { "layer0", "layer1", "layer2", "layer3" })]
    [InlineData(5e-5, new[] { "layer0", "layer2" })]
    [InlineData(2.5e-4, new[] { "layer0" })]
    [InlineData(2, new string[0])]
    public void Layers_have_8_bits_as_long_as_that_mends_more_than_removing_as_many_bytes_costs(double price, string[] expected)
    {
        var plan = new FormMixtures(forms => Plan(forms, price), Layers).Best(removed: 1)!;

        Assert.Equal(expected, plan.Wider.Keys.Order());
        Assert.All(plan.Wider.Values, form => Assert.Equal(NumberForm.Int8, form));
    }

    [Fact]
    public void Where_nothing_meets_the_budget_there_is_none() =>
        Assert.Null(new FormMixtures(_ => throw new OnnxCompressException(DiagnosticCodes.BudgetOutOfReach, "Too much."), Layers).Best(removed: 1));

    [Fact]
    public void The_best_of_many_is_found_by_few_plans()
    {
        var (asked, many) = (0, Enumerable.Range(0, 100).Select(i => new LayerPrecision($"layer{i}", "int4") { Parameters = 100, Error = 1, OwnError = 1.0 / (i + 1) }).ToArray());
        CompressionPlan Count(StoredForms forms)
        {
            asked++;
            // The rounding of 40 layers and more is worth less than what has to go for it.
            var removed = 0.02 * Math.Max(0, forms.Wider.Count - 38);
            return new("", [new ChannelPlan("group", CompressionMethod.Interpolative, [0], 2, removed, 0)]) { Wider = forms.Wider };
        }

        var plan = new FormMixtures(Count, many).Best(removed: 1)!;

        Assert.InRange(plan.Wider.Count, 36, 41);
        Assert.InRange(asked, 1, 13);
        Assert.Contains("layer0", plan.Wider.Keys);
        Assert.DoesNotContain("layer99", plan.Wider.Keys);
    }
}
