using OnnxCompress.Forms;
using OnnxCompress.Precision;

namespace OnnxCompress.Tests;

/// <summary>Which layers are given more bits first.</summary>
public sealed class WiderLayersTests
{
    private static readonly LayerPrecision[] Layers =
    [
        new("large", "int4") { Parameters = 1000, Error = 0.08 },
        new("small", "int4") { Parameters = 100, Error = 0.04 },
        new("conv", "int8") { Parameters = 100, Error = 0.01 },
        new("table", "int4-table") { Parameters = 4000, Error = 0.09 },
        new("unknown", "int8-table") { Parameters = 4000 },
        new("same", "float") { Parameters = 9, Reason = "why" },
    ];

    [Fact]
    public void Those_that_lose_most_for_a_byte_go_first_and_each_takes_the_next_wider_form() => Assert.Equal(
        [("small", NumberForm.Int8, 50L), ("large", NumberForm.Int8, 500L), ("table", NumberForm.Int8, 2000L), ("conv", NumberForm.Float, 300L)],
        WiderLayers.Of(Layers));

    [Fact]
    public void Or_those_that_lose_most() => Assert.Equal(["table", "large", "small", "conv"], WiderLayers.Worst(Layers).Select(s => s.Layer));

    [Fact]
    public void What_does_not_fit_leaves_room_for_what_comes_behind_it() =>
        Assert.Equal(["conv", "small"], WiderLayers.Within(WiderLayers.Of(Layers), 400).Keys.Order());
}
