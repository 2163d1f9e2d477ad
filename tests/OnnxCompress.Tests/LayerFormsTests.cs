using OnnxCompress.Forms;
using OnnxCompress.Precision;

namespace OnnxCompress.Tests;

/// <summary>A result is named by the numbers of most of its weights.</summary>
public sealed class LayerFormsTests
{
    private static readonly Dictionary<string, NumberForm> None = [];

    [Fact]
    public void Convolutions_in_8_bits_with_a_last_layer_in_4_are_8_bits()
    {
        LayerPrecision[] layers = [Of("conv", LayerPrecision.Int8, 9000), Of("fc", LayerPrecision.Blocks, 600), Of("up", LayerPrecision.Float, 99_999) with { Reason = "it is so" }];

        Assert.Equal(new LayerForms(NumberForm.Int8, 0, 1), LayerForms.Of(NumberForm.Int4, None, layers));
        Assert.Equal(new LayerForms(NumberForm.Int8, 0, 0), LayerForms.Of(NumberForm.Int8, None, layers[..1]));
    }

    [Fact]
    public void Products_in_4_bits_are_4_bits_whatever_else_there_is()
    {
        LayerPrecision[] layers = [Of("conv", LayerPrecision.Int8, 600), Of("fc", LayerPrecision.Blocks, 9000), Of("last", LayerPrecision.WideBlocks, 90)];

        Assert.Equal(new LayerForms(NumberForm.Int4, 1, 0), LayerForms.Of(NumberForm.Int4, new Dictionary<string, NumberForm> { ["last"] = NumberForm.Int8 }, layers));
        Assert.Equal(new LayerForms(NumberForm.Float, 0, 0), LayerForms.Of(NumberForm.Float, None, []));
    }

    [Fact]
    public void Layers_that_were_widened_to_what_most_have_are_not_wider()
    {
        LayerPrecision[] layers = [Of("conv", LayerPrecision.Int8, 9000), Of("fc", LayerPrecision.WideBlocks, 600), Of("last", LayerPrecision.Float, 90), Of("more", LayerPrecision.Blocks, 90)];
        var wider = new Dictionary<string, NumberForm> { ["fc"] = NumberForm.Int8, ["last"] = NumberForm.Float };

        Assert.Equal(new LayerForms(NumberForm.Int8, 1, 1), LayerForms.Of(NumberForm.Int4, wider, layers));
    }

    private static LayerPrecision Of(string name, string form, long parameters) => new(name, form) { Parameters = parameters };
}
