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
        [("small", NumberForm.Int8, 50L), ("large", NumberForm.Int8, 500L), ("table", NumberForm.Int8, 2000L), ("conv", NumberForm.Int8Weights, 300L)],
        WiderLayers.Of(Layers));

    [Fact]
    public void Or_those_that_lose_most() => Assert.Equal(["table", "large", "small", "conv"], WiderLayers.Worst(Layers).Select(s => s.Layer));

    [Fact]
    public void Where_time_counts_those_that_lose_most_for_the_time_that_they_gain_go_first()
    {
        LayerPrecision[] layers =
        [
            new("slow", "int8") { Parameters = 10, Error = 0.02 },
            new("quick", "int8") { Parameters = 10, Error = 0.01 },
            new("slower in bytes", "int8") { Parameters = 10, Error = 0.001 },
            new("of unknown time", "int8-dynamic") { Parameters = 30, Error = 0.03 },
        ];
        var gains = new Dictionary<string, double>(StringComparer.Ordinal) { ["slow"] = 0.9, ["quick"] = 0.1, ["slower in bytes"] = -0.1, ["no layer"] = 5 };

        // A third of a millisecond for ten weights: one in all for that of thirty.
        Assert.Equal(
            [("slower in bytes", NumberForm.Float), ("quick", NumberForm.Float), ("of unknown time", NumberForm.Float), ("slow", NumberForm.Float)],
            WiderLayers.ByTime(layers, gains).Select(s => (s.Layer, s.Form)));
        // Nothing is known: by weights.
        Assert.Equal(["slow", "of unknown time", "quick", "slower in bytes"], WiderLayers.ByTime(layers, new Dictionary<string, double>()).Select(s => s.Layer));
    }

    [Fact]
    public void One_layer_is_ruined_where_its_own_numbers_lose_more_than_those_of_all_others()
    {
        static LayerPrecision Of(string name, double error, double own) => new(name, "int8") { Parameters = 100, Error = error, OwnError = own };
        LayerPrecision[] ruined = [Of("front", 0.01, 0.01), Of("ruined", 0.2, 0.2), Of("behind", 0.25, 0.02)];

        Assert.Equal("ruined", WiderLayers.Ruined(ruined));
        Assert.Equal(["ruined", "behind", "front"], WiderLayers.Worst(ruined).Select(s => s.Layer));
        Assert.Null(WiderLayers.Ruined([Of("a", 0.1, 0.1), Of("b", 0.1, 0.1)]));
        Assert.Null(WiderLayers.Ruined(Layers));
        // Its weights stay in bytes: it fits where nothing does, and the others leave room for one more.
        Assert.Equal(["ruined"], WiderLayers.Within(WiderLayers.Of(ruined), 0, "ruined").Keys);
        Assert.Equal(["behind", "ruined"], WiderLayers.Within(WiderLayers.Of(ruined), 300, "ruined").Keys.Order());
        Assert.Equal(0, WiderLayers.BytesOf(WiderLayers.Of(ruined), 3));
    }

    [Fact]
    public void What_does_not_fit_leaves_room_for_what_comes_behind_it() =>
        Assert.Equal(["conv", "small"], WiderLayers.Within(WiderLayers.Of(Layers), 400).Keys.Order());
}
