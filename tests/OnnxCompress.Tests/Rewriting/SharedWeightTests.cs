using OnnxCompress.Allocation;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Selection;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Rewriting;

/// <summary>One weight that several nodes read: siamese networks, and networks that run one block several times.</summary>
public sealed class SharedWeightTests
{
    [Theory]
    [InlineData(ReconstructionMode.None)]
    [InlineData(ReconstructionMode.Local)]
    [InlineData(ReconstructionMode.Sequential)]
    public void Copied_channels_of_both_uses_go_without_a_trace_and_the_weight_stays_one(ReconstructionMode mode)
    {
        var model = Siamese(isConvolution: true, copied: true);

        var result = Compress(model, new Budget(KeepParameters: 0.56), mode);

        Assert.InRange(ParameterCount.Of(result), 1, 0.56 * ParameterCount.Of(model));
        Assert.InRange(result.Graph.Initializers["up.w"].Dims[0], 1, 16);
        Assert.All(new[] { "up.w", "down.w" }, w => Assert.Equal(2, result.Graph.Uses(w).Count));
        ModelAssert.SameContract(model, result);
        ModelAssert.SameOutputs(model, result, ModelAssert.Redundant, "half of the channels are copies");
    }

    [Fact]
    public void A_mixing_suits_what_both_uses_read()
    {
        var test = new TestModel();
        // Channels that agree in the first input and differ in the second: one use alone would say that half of them may go.
        string weight = test.Weight("w", 8, 16), read = test.Weight("r", 16, 4);
        string Branch(string name, string input) => test.Node("MatMul", $"{name}.down", [test.Relu($"{name}.relu", test.Node("MatMul", $"{name}.up", [input, weight])), read]);
        string a = test.Node("Concat", "a", [test.Input("x", "n", 4), test.Node("Mul", "none", ["x", test.Scalar("zero", 0)])], ("axis", 1));
        test.Output(Branch("a", a), "n", 4).Output(Branch("b", test.Input("y", "n", 8)), "n", 4);
        var model = test.Build();
        model.Edit(weight, values =>
        {
            for (var i = 0; i < 4 * 16; i++)
            {
                values[i] = i % 16 < 8 ? values[i] : values[i - 8];
            }
        });
        var bench = new Workbench(model);

        var group = Assert.Single(bench.Analysis.Groups);
        var both = bench.Curve(group, ChannelSelection.Target);

        Assert.Equal(["a.down", "b.down"], group.Consumers);
        Assert.True(both.Errors[8] > 0.05, "the second use tells the channels apart");
    }

    [Fact]
    public void Reconstruction_fits_the_weight_to_the_rows_of_both_uses()
    {
        var model = Siamese(isConvolution: false, copied: false);
        var budget = new Budget(KeepParameters: 0.4);
        var samples = ModelRunner.Samples(model, count: 64, seed: 99);

        var plain = ModelAssert.Distance(model, Compress(model, budget, ReconstructionMode.None), samples);
        var result = Compress(model, budget, ReconstructionMode.Sequential);
        var fitted = ModelAssert.Distance(model, result, samples);

        Assert.True(fitted < plain, $"fitting must help on samples that were not seen: {fitted} after {plain}");
        Assert.Equal(2, result.Graph.Uses("down.w").Count);
    }

    private static OnnxModel Siamese(bool isConvolution, bool copied)
    {
        var test = new TestModel();
        test.Weight("up.w", isConvolution ? [32, 3, 1, 1] : [32, 16]);
        test.Weight("up.b", 32);
        if (!isConvolution)
        {
            test.Weight("mid.w", 32, 32);
            test.Weight("mid.b", 32);
        }

        test.Weight("down.w", isConvolution ? [4, 32, 1, 1] : [4, 32]);
        test.Weight("down.b", 4);
        string Layer(string name, string input, string weight) => isConvolution
            ? test.Node("Conv", name, [input, $"{weight}.w", $"{weight}.b"])
            : test.Node("Gemm", name, [input, $"{weight}.w", $"{weight}.b"], ("transB", 1));
        object[] dims = isConvolution ? ["n", 3, 5, 5] : ["n", 16];
        string Hidden(string name) => test.Relu($"{name}.relu", Layer($"{name}.up", test.Input(name, dims), "up"));
        string Deep(string name) => isConvolution ? Hidden(name) : test.Relu($"{name}.deep", Layer($"{name}.mid", Hidden(name), "mid"));
        string Branch(string name) => Layer($"{name}.down", Deep(name), "down");
        var (left, right) = (Branch("left"), Branch("right"));
        var model = (isConvolution ? test.Output(test.Node("Sub", "difference", [left, right])) : test.Output(left).Output(right)).Build();
        foreach (var name in copied ? ["up.w", "up.b"] : Array.Empty<string>())
        {
            model.Edit(name, values => Array.Copy(values, 0, values, values.Length / 2, values.Length / 2));
        }

        return model;
    }

    private static OnnxModel Compress(OnnxModel model, Budget budget, ReconstructionMode mode) =>
        new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(
            model, ModelRunner.Samples(model, count: 512),
            new CompressionOptions { Budget = budget, Threads = 1, Methods = [CompressionMethod.Interpolative], Reconstruction = mode },
            null, TestContext.Current.CancellationToken).Model;
}
