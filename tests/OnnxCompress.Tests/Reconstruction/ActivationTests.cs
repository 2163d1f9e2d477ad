using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Reconstruction;

/// <summary>Targets behind a Relu or Clip: what it cuts off need not be met.</summary>
public sealed class ActivationTests
{
    private const int Samples = 256;

    [Theory]
    [InlineData(3, -2, 3)] // let through: the target counts
    [InlineData(-1, -5, -5)] // both cut off: what is there stays
    [InlineData(-1, 2, 0)] // only the original is cut off: the limit is enough
    [InlineData(8, 9, 9)]
    [InlineData(8, 2, 6)]
    public void Beyond_a_limit_any_value_will_do(float target, float value, float aim) => Assert.Equal(aim, new ActivationRange(0, 6).Aim(target, value));

    [Fact]
    public void A_relu_and_a_clip_between_constants_are_known()
    {
        Assert.Equal(new ActivationRange(0, float.PositiveInfinity), Behind((m, y) => m.Relu("r", y)));
        Assert.Equal(new ActivationRange(-1, 6), Behind((m, y) => m.Node("Clip", "r", [y, m.Scalar("low", -1), m.Scalar("high", 6)])));
        Assert.Equal(new ActivationRange(float.NegativeInfinity, 6), Behind((m, y) => m.Node("Clip", "r", [y, "", m.Scalar("high", 6)])));
        Assert.Equal(new ActivationRange(0, 6), Behind((m, y) => m.Node("Clip", "r", [y], ("min", 0f), ("max", 6f)), opset: 10));
    }

    [Fact]
    public void Where_every_value_counts_there_is_no_range()
    {
        Assert.Null(Behind((m, y) => m.Node("LeakyRelu", "r", [y])));
        Assert.Null(Behind((m, y) => m.Node("Clip", "r", [y, m.Node("ReduceMin", "low", [y], ("keepdims", 0L))])));
        // Somebody else reads what the activation would cut off.
        Assert.Null(Behind((m, y) => m.Node("Add", "r", [m.Relu("relu", y), y])));
    }

    [Theory]
    [InlineData("Relu", false)]
    [InlineData("Clip", false)]
    [InlineData("Relu", true)]
    [InlineData("Clip", true)]
    public void What_the_activation_lets_through_comes_nearer_than_by_least_squares_on_everything(string activation, bool besideABranch)
    {
        var (all, through) = (Network(activation, besideABranch, isOpen: true), Network(activation, besideABranch, isOpen: false));

        var (open, closed) = (Error(all), Error(through));

        Assert.True(closed < 0.9 * open, $"{closed} is left with targets behind the activation, {open} with targets in front of it.");
    }

    private static ActivationRange? Behind(Func<TestModel, string, string> activation, long opset = 17)
    {
        var builder = new TestModel(opset);
        builder.Input("x", "N", 3, 4, 4);
        var output = activation(builder, builder.Conv("y", "x", 3, 3));
        return ActivationRange.Behind(builder.Output(output).Build().Graph, "y");
    }

    /// <summary>
    /// A layer that reads x and what lies below zero of it, and makes negative values still more negative by the latter. When
    /// the model is open, an output shows what the activation cuts off.
    /// </summary>
    private static OnnxModel Network(string activation, bool besideABranch, bool isOpen)
    {
        var builder = new TestModel();
        builder.Input("x", "N", 1, 6, 6);
        // Ten is more than the inputs reach: the first channel passes the Relu as it is.
        builder.Node("Conv", "front", ["x", builder.Floats("front.w", [2, 1, 1, 1], 1, -1), builder.Floats("front.b", [2], 10, 0)]);
        var read = builder.Relu("read", "front");
        var made = builder.Node("Conv", "layer", [read, builder.Floats("layer.w", [1, 2, 1, 1], 1, -5), builder.Floats("layer.b", [1], -10)]);
        if (besideABranch)
        {
            builder.Node("Conv", "side", [read, builder.Floats("side.w", [1, 2, 1, 1], 0.5f, -0.3f), builder.Floats("side.b", [1], -5)]);
            made = builder.Node("Add", "sum", ["side", made]);
        }

        var output = activation == "Relu" ? builder.Relu("out", made) : builder.Node("Clip", "out", [made, builder.Scalar("low", -0.2f), builder.Scalar("high", 0.8f)]);
        builder.Output(output);
        return (isOpen ? builder.Output(made) : builder).Build();
    }

    /// <summary>Root mean square of what the compressed network's first output is off by.</summary>
    private static double Error(OnnxModel model)
    {
        var compressed = model.Clone();
        var front = compressed.Graph.Constant("front.w")!;
        var values = front.ReadFloats();
        values[1] = 0;
        front.Write([.. front.Dims], values);
        var samples = ModelRunner.Samples(model, Samples);
        var bench = new Workbench(model, samples);
        var shrinkage = new Shrinkage(compressed.Graph, bench.Analysis.Relations, static _ => true);
        using var outputs = new OriginalOutputs(
            ModelRunner.Runtime, model, bench.Analysis.Relations, samples, new ReconstructionOptions(1, 16, 0, 1 << 30), TestContext.Current.CancellationToken);
        new Reconstructor(ModelRunner.Runtime, new CpuBackend(1), 1)
            .Run(outputs, compressed, shrinkage, ReconstructionMode.Sequential, null, TestContext.Current.CancellationToken);

        var unseen = ModelRunner.Samples(model, Samples, seed: 11);
        var (expected, actual) = (ModelRunner.Run(model, unseen, Samples)[0], ModelRunner.Run(compressed, unseen, Samples)[0]);
        return Math.Sqrt(expected.Values.Zip(actual.Values, (e, a) => (e - a) * (e - a)).Average());
    }
}
