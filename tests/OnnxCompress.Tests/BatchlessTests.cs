using OnnxCompress.Allocation;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Samples;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests;

/// <summary>Models that were exported for one sample, without an axis that counts samples, or without saying how many axes there are.</summary>
public sealed class BatchlessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_picture_without_a_batch_is_one_sample(bool isSqueezed)
    {
        var model = Picture([3, 16, 16], isSqueezed);

        var plan = FeedPlan.Of(model.Inputs);

        Assert.Equal([null], plan.Inputs.Select(feed => feed.BatchAxis));
        Assert.Equal(1, plan.FixedBatch);
        Halved(model, [40, 3, 16, 16]);
    }

    [Fact]
    public void A_vector_without_a_batch_is_one_sample()
    {
        var test = new TestModel();
        var row = test.Node("Unsqueeze", "row", [test.Input("x", 12), test.Integers("front", 0)]);
        var hidden = test.Relu("relu", test.Gemm("up", row, 12, 32));
        test.Node("Squeeze", "y", [test.Gemm("down", hidden, 32, 5), "front"]);
        test.Output("y", 5);

        Halved(test.Build(), [40, 12]);
    }

    [Fact]
    public void Fixed_samples_that_the_output_has_too_are_a_batch()
    {
        var test = new TestModel();
        test.Output(test.Gemm("up", test.Input("x", 4, 12), 12, 5), 4, 5);

        Assert.Equal(4, FeedPlan.Of(test.Build().Inputs).FixedBatch);
    }

    [Theory]
    [InlineData(12)]
    [InlineData(3, 16, 16)]
    public void An_input_without_a_rank_is_what_the_data_are(params int[] sample)
    {
        var model = sample.Length == 1 ? Vectors(undeclared: true) : Picture(null, isSqueezed: false);

        Halved(model, [40, .. sample]);
    }

    private void Halved(OnnxModel model, int[] dims)
    {
        var random = new Random(1);
        var path = _folder.Write("x.npy", NpyBytes.Of([.. dims.Select(d => (long)d)], [.. Enumerable.Range(0, dims.Aggregate(1, (a, b) => a * b)).Select(_ => (float)random.NextDouble())]));
        using var samples = FileSampleSource.Open([DataFile.Parse(path)], model.Inputs, TensorLayout.Nchw, Preprocessing.None);
        Assert.Equal(dims[0], samples.Count);

        var result = new Compressor(new CpuBackend(2), ModelRunner.Runtime).Compress(
            model, samples, new CompressionOptions { Budget = new Budget(KeepParameters: 0.6), Threads = 2 }, null, TestContext.Current.CancellationToken);

        Assert.InRange(result.Compressed.Parameters, 1, 0.6 * result.Original.Parameters);
        ModelAssert.SameContract(model, result.Model);
        var verified = new ModelVerifier(ModelRunner.Runtime).Verify(
            model, result.Model, samples, new VerificationOptions(), null, TestContext.Current.CancellationToken);
        Assert.Equal(dims[0], verified.Samples);
        Assert.InRange(verified.Agreement!.Value, 0.5, 1);
    }

    private static OnnxModel Vectors(bool undeclared)
    {
        var test = new TestModel();
        var hidden = test.Relu("relu", test.Gemm("up", test.Input("x", "n", 12), 12, 32));
        test.Output(test.Gemm("down", hidden, 32, 5), "n", 5);
        return undeclared ? Undeclared(test) : test.Build();
    }

    private static OnnxModel Picture(object[]? dims, bool isSqueezed)
    {
        var test = new TestModel();
        var x = test.Input("x", dims ?? ["n", 3, 16, 16]);
        var picture = dims is null ? x : test.Node("Unsqueeze", "batch", [x, test.Integers("front", 0)]);
        var features = test.Relu("relu1", test.Conv("first", picture, 3, 16, kernel: 3, pad: 1));
        features = test.Relu("relu2", test.Conv("second", features, 16, 24, kernel: 3, pad: 1));
        var pooled = test.Node("Flatten", "flat", [test.Node("GlobalAveragePool", "pool", [features])]);
        var scores = test.Gemm("scores", pooled, 24, 5);
        if (dims is null)
        {
            test.Output(scores, "n", 5);
            return Undeclared(test);
        }

        return (isSqueezed ? test.Output(test.Node("Squeeze", "y", [scores, "front"]), 5) : test.Output(scores, 1, 5)).Build();
    }

    private static OnnxModel Undeclared(TestModel test)
    {
        foreach (var value in test.Graph.Input.Concat(test.Graph.Output))
        {
            value.Type.TensorType.Shape = null;
        }

        return test.Build();
    }
}
