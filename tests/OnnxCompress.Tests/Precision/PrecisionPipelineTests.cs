using OnnxCompress.Allocation;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Precision;

/// <summary>8 bits at the end of a whole run: what else the user said still holds.</summary>
public sealed class PrecisionPipelineTests
{
    [Fact]
    public void Weights_are_solved_again_only_where_the_whole_network_is_fitted()
    {
        var model = WithoutBiases(8);
        string? Made(ReconstructionMode mode) => Compress(model, new CompressionOptions { RemovesNothing = true, Reconstruction = mode }).Model.ContentHash();

        Assert.Equal(Made(ReconstructionMode.None), Made(ReconstructionMode.Local));
        Assert.NotEqual(Made(ReconstructionMode.None), Made(ReconstructionMode.Sequential));
    }

    [Theory]
    [InlineData(ReconstructionMode.None, true, 0.23)]
    [InlineData(ReconstructionMode.None, true, 0.2)]
    [InlineData(ReconstructionMode.Sequential, true, 0.23)]
    [InlineData(ReconstructionMode.Sequential, true, 0.2)]
    [InlineData(ReconstructionMode.None, false, 0.8)]
    [InlineData(ReconstructionMode.Sequential, false, 0.7)]
    public void Biases_that_rounding_adds_count(ReconstructionMode mode, bool isOfBytes, double share)
    {
        var model = WithoutBiases(48);

        var result = Compress(model, new CompressionOptions { Reconstruction = mode, Budget = isOfBytes ? new Budget(KeepBytes: share) : new Budget(KeepParameters: share) });

        var (before, after) = (model.ToBytes(), result.Model.ToBytes());
        Assert.Contains(result.Model.Graph.Nodes, n => n.OpType == "Conv" && n.Input(2) is not null);
        Assert.True(isOfBytes ? after.Length <= share * before.Length : FileCount.Parameters(after) <= share * FileCount.Parameters(before));
    }

    private static CompressionResult Compress(OnnxModel model, CompressionOptions options) =>
        new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(
            model,
            ModelRunner.Samples(model, count: 48),
            options with { Threads = 1, Precision = NumberForm.Int8 },
            null,
            TestContext.Current.CancellationToken);

    private static OnnxModel WithoutBiases(int width)
    {
        var test = new TestModel();
        var current = test.Input("x", "n", 3, 6, 6);
        for (var i = 0; i < 5; i++)
        {
            var conv = test.Node("Conv", $"conv{i}", [current, test.Weight($"w{i}", width, i == 0 ? 3 : width, 1, 1)]);
            current = test.Relu($"relu{i}", conv);
        }

        test.Output(test.Node("Conv", "last", [current, test.Weight("wl", 4, width, 1, 1)]), "n", 4, 6, 6);
        return test.Build();
    }
}
