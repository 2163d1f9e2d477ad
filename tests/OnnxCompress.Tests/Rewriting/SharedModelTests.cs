using OnnxCompress.Models;
using OnnxCompress.Simplification;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Rewriting;

/// <summary>The property of <see cref="RandomGraphTests"/> on models that people trained and exported.</summary>
public sealed class SharedModelTests
{
    /// <summary>Float sums of a few thousand products in another order, through up to fifty layers.</summary>
    private const double Rounding = 1e-4;

    [Theory]
    [InlineData("fm_lenet.onnx")]
    [InlineData("fm_mlp.onnx")]
    [InlineData("magika_v3_3.onnx", 1024)]
    [InlineData("mlperf_resnet8_cifar10.onnx")]
    [InlineData("mobilenet_v2_imagenet.onnx")]
    [InlineData("resnet20_cifar10.onnx")]
    [InlineData("resnet20_cifar10_bn.onnx")]
    [InlineData("squeezenet1.1_imagenet.onnx")]
    [InlineData("sst2_encoder.onnx", 16)]
    public void Removing_channels_equals_silencing_them(string name, int dynamicSize = 5)
    {
        var original = OnnxModel.Load(SharedFiles.Model(name));
        var samples = ModelRunner.Samples(original, count: 2, dynamicSize: dynamicSize);
        var model = Simplifier.Simplify(original, ModelRunner.Runtime, samples.Read([0]), TestContext.Current.CancellationToken);
        var bench = new Workbench(model, samples);
        var random = new Random(17);
        (string, int[])[] kept = [.. bench.Analysis.Groups.Select(g => (g.Name, Enumerable.Range(0, g.Channels)
            .Where(c => !g.IsFree[c] || random.Next(10) < 8 || g.Segments.Any(s => s[0] == c)).ToArray()))];

        var sliced = bench.Slice(kept);

        ModelAssert.SameContract(original, sliced);
        ModelAssert.SameOutputs(bench.Silence(kept), sliced, Rounding, "the same products in another order", samples);
        Assert.True(ParameterCount.Of(sliced) < ParameterCount.Of(original), "Nothing could be removed.");
    }
}
