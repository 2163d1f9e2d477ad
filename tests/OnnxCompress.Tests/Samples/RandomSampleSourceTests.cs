using OnnxCompress.Samples;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Tests.Samples;

public sealed class RandomSampleSourceTests
{
    private static readonly TensorInfo[] Inputs =
    [
        new("image", ElementType.Float, [new(null, "batch"), new(2), new(3)]), new("tokens", ElementType.Int64, [new(null, "batch"), new(4)]),
    ];

    [Fact]
    public void A_sample_is_the_same_in_every_batch()
    {
        var source = new RandomSampleSource(Inputs, count: 10, seed: 1);

        var alone = (float[])source.Read([7])[0].Values;
        var together = (float[])source.Read([2, 7])[0].Values;

        Assert.Equal(alone, together[6..]);
        Assert.All(alone, value => Assert.True(float.IsFinite(value)));
        Assert.NotEqual(together[..6], together[6..]);
    }

    [Fact]
    public void Integer_inputs_are_fed_zeros()
    {
        var tokens = new RandomSampleSource(Inputs, count: 1, seed: 1).Read([0])[1];

        Assert.Equal([1L, 4], tokens.Dims);
        Assert.Equal([0L, 0, 0, 0], (long[])tokens.Values);
    }

    [Fact]
    public void A_dynamic_dimension_needs_a_shape()
    {
        TensorInfo[] inputs = [new("text", ElementType.Int64, [new(null, "batch"), new(null, "length")])];

        var refused = Assert.Throws<OnnxCompressException>(() => new RandomSampleSource(inputs, 1, 0));
        var source = new RandomSampleSource(inputs, 1, 0, new Dictionary<string, IReadOnlyList<long>> { ["text"] = [1, 48] });

        Assert.Equal(DiagnosticCodes.DimensionUnknown, refused.Diagnostic.Code);
        Assert.Contains("--shape text=1,16", refused.Message, StringComparison.Ordinal);
        Assert.Equal([1L, 48], source.Read([0])[0].Dims);
    }

    [Fact]
    public void A_shape_that_contradicts_the_model_is_refused()
    {
        var wrongSize = Assert.Throws<OnnxCompressException>(
            () => new RandomSampleSource(Inputs, 1, 0, new Dictionary<string, IReadOnlyList<long>> { ["image"] = [1, 2, 4] }));
        var wrongName = Assert.Throws<OnnxCompressException>(
            () => new RandomSampleSource(Inputs, 1, 0, new Dictionary<string, IReadOnlyList<long>> { ["imag"] = [1, 2, 3] }));

        Assert.Equal(DiagnosticCodes.DataShapeMismatch, wrongSize.Diagnostic.Code);
        Assert.Equal(DiagnosticCodes.InputUnmatched, wrongName.Diagnostic.Code);
    }
}
