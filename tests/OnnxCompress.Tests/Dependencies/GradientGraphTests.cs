using OnnxCompress.Dependencies.Gradients;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Running;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Dependencies;

/// <summary>Derivatives that the runtime finds in a model with nodes for them, against differences of outputs.</summary>
public sealed class GradientGraphTests
{
    private const int Samples = 3, Length = 4, Width = 8;

    /// <summary>Differences of float outputs over a step of 1e-2: rounding, and the curvature of what lies between.</summary>
    private const double Tolerance = 5e-3;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("pieces")]
    [InlineData("fused")]
    [InlineData("attention")]
    [InlineData("pooled")]
    [InlineData("first token")]
    [InlineData("gated")]
    [InlineData("parts")]
    public void Derivatives_are_differences_of_outputs(string kind)
    {
        var model = Network(kind);
        var random = new Random(5);
        float[] Normal(int count, double scale) => [.. Enumerable.Range(0, count).Select(_ => (float)(scale * (random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5)))];
        var (x, probe) = (Normal(Samples * Length * Width, 2), Normal(Samples * Length * Width, 0.02));
        HostTensor[] Feeds(float sign) =>
            [new("x", ElementType.Float, [Samples, Length, Width], x), new("probe", ElementType.Float, [Samples, Length, Width], probe.Select(p => p * sign).ToArray())];
        var shapes = ShapeObserver.Observe(ModelRunner.Runtime, model, [new("x", ElementType.Float, [1, Length, Width], x[..(Length * Width)]), new("probe", ElementType.Float, [1, Length, Width], new float[Length * Width])], Token);
        var output = model.Outputs[0].Name;

        var derived = GradientGraph.Of(model, shapes, ["start", output], out var known)!;

        Assert.Equal(["start", output], known);
        derived.Graph.ClearOutputs();
        string[] names = [GradientGraph.NameOf("start"), GradientGraph.NameOf(output)];
        Array.ForEach(names, derived.Graph.AddOutput);
        var gradients = Run(derived, Feeds(0), names);
        var (more, less) = (Run(model, Feeds(1), [output])[0], Run(model, Feeds(-1), [output])[0]);
        var expected = gradients[1].Zip(more.Zip(less, (a, b) => (a - b) / 2), (seed, change) => (double)seed * change).Sum();
        var actual = gradients[0].Zip(probe, (g, p) => (double)g * p).Sum();
        var size = Math.Sqrt(gradients[0].Sum(g => (double)g * g) * probe.Sum(p => (double)p * p));
        Assert.True(size > 1e-3, $"{kind}: nothing depends on the tensor");
        Assert.True(Math.Abs(expected - actual) <= Tolerance * size, $"{kind}: {actual} is not {expected}, of {size}");
    }

    [Fact]
    public void What_lies_in_front_of_an_operator_without_a_rule_is_not_known()
    {
        var test = Start();
        var sum = test.Node("Add", "sum", ["start", test.Node("CumSum", "c", [test.MatMul("m", "start", Width, Width), test.Integers("axis", 1)])]);
        var model = test.Output(test.MatMul("head", sum, Width, 3), "N", Length, 3).Build();

        GradientGraph.Of(model, ShapeObserver.Observe(ModelRunner.Runtime, model, [Zeros("x"), Zeros("probe")], Token), ["m", "sum"], out var known);

        Assert.Equal(["sum"], known);
    }

    private static HostTensor Zeros(string name) => new(name, ElementType.Float, [1, Length, Width], new float[Length * Width]);

    private static float[][] Run(OnnxModel model, IReadOnlyList<HostTensor> feeds, string[] names)
    {
        using var session = ModelRunner.Runtime.Open(model, new SessionSettings(Threads: 1, Optimize: false, Spin: false));
        using var result = session.Run(feeds, names, Token);
        return [.. names.Select((_, i) => result.Values<float>(i).ToArray())];
    }

    private static TestModel Start()
    {
        var test = new TestModel(opset: 17);
        test.Input("x", "N", Length, Width);
        test.Input("probe", "N", Length, Width);
        test.Node("Add", "start", ["x", "probe"]);
        return test;
    }

    private static string Gain(TestModel test, string name) => test.Floats(name, [Width], [.. Enumerable.Range(0, Width).Select(i => 1 + (0.3f * MathF.Sin(i)))]);

    private static OnnxModel Network(string kind)
    {
        var test = Start();
        switch (kind)
        {
            case "pieces":
                return test.Output(test.MatMul("head", Attended(test, Pieces(test, "start")), Width, 3), "N", Length, 3).Build();
            case "fused":
                var up = test.MatMul("up", "start", Width, 12);
                var inner = test.Own(test.Node("BiasGelu", "gelu", [up, test.Weight("gelu.b", 12)]));
                var down = test.Own(test.Node("SkipLayerNormalization", "skip", [test.MatMul("down", inner, 12, Width), "start", Gain(test, "g"), test.Weight("beta", Width), test.Weight("bias", Width)], ("epsilon", 1e-5f)));
                var quick = test.Own(test.Node("QuickGelu", "quick", [test.Own(test.Node("FastGelu", "fast", [down]))]));
                var norm = test.Node("LayerNormalization", "norm", [quick, Gain(test, "g2"), test.Weight("beta2", Width)], ("epsilon", 1e-5f));
                return test.Output(test.MatMul("head", norm, Width, 3), "N", Length, 3).Build();
            case "attention":
                var attended = test.Own(test.Node(
                    "MultiHeadAttention", "mha", [test.MatMul("q", "start", Width, Width), test.MatMul("k", "start", Width, Width), test.MatMul("v", "start", Width, 12), test.Weight("qkv.b", (2 * Width) + 12)], ("num_heads", 2)));
                return test.Output(test.MatMul("head", attended, 12, 3), "N", Length, 3).Build();
            case "pooled":
                var mean = test.Node("ReduceMean", "mean", [test.Node("Tanh", "tanh", ["start"])], ("axes", new long[] { 1 }), ("keepdims", 0));
                var total = test.Node("ReduceSum", "total", ["start", test.Integers("axes", 1)], ("keepdims", 0));
                return test.Output(test.Gemm("head", test.Node("Sub", "d", [mean, test.Node("Clip", "clip", [total, test.Scalar("low", -0.5f), test.Scalar("high", 1)])]), Width, 3), "N", 3).Build();
            case "first token":
                var first = test.Node("Gather", "first", [test.Node("Relu", "r", [test.MatMul("m", "start", Width, Width)]), Index(test, 0)], ("axis", 1));
                return test.Output(test.Gemm("head", first, Width, 3, transB: false), "N", 3).Build();
            case "gated":
                var gate = test.Node("Sigmoid", "sigmoid", [test.MatMul("gate", "start", Width, 6)]);
                var gated = test.Node("Mul", "gated", [gate, test.MatMul("value", "start", Width, 6)]);
                var root = test.Node("Sqrt", "root", [test.Node("Add", "more", [test.Node("Exp", "exp", [gated]), test.Scalar("one", 1)])]);
                return test.Output(test.Node("Div", "div", [gated, test.Node("Reciprocal", "rec", [root])]), "N", Length, 6).Build();
            default:
                var parts = test.Nodes("Split", "split", ["start", test.Integers("sizes", 3, 5)], ["a", "b"], ("axis", 2));
                var turned = test.Node("Concat", "turned", [test.Node("Neg", "neg", [parts[1]]), test.Node("Abs", "abs", [parts[0]])], ("axis", -1));
                return test.Output(test.MatMul("head", test.Node("Expand", "spread", [turned, test.Integers("whole", 1, 1, Width)]), Width, 3), "N", Length, 3).Build();
        }
    }

    private static string Index(TestModel test, long value)
    {
        test.Graph.Initializer.Add(new TensorProto { Name = "index", DataType = (int)ElementType.Int64, Int64Data = { value } });
        return "index";
    }

    /// <summary>A normalisation and an activation as exporters of earlier years wrote them.</summary>
    private static string Pieces(TestModel test, string x)
    {
        var centred = test.Node("Sub", "sub", [x, test.Node("ReduceMean", "mean", [x], ("axes", new long[] { -1 }))]);
        var variance = test.Node("ReduceMean", "var", [test.Node("Pow", "pow", [centred, test.Scalar("two", 2)])], ("axes", new long[] { -1 }));
        var normal = test.Node("Div", "div", [centred, test.Node("Sqrt", "sqrt", [test.Node("Add", "eps", [variance, test.Scalar("e", 1e-5f)])])]);
        var y = test.Node("Add", "affine", [test.Node("Mul", "mul", [normal, Gain(test, "g")]), test.Weight("beta", Width)]);
        var half = test.Node("Erf", "erf", [test.Node("Div", "over", [y, test.Scalar("r2", MathF.Sqrt(2))])]);
        return test.Node("Mul", "gelu", [test.Node("Mul", "by", [y, test.Node("Add", "plus", [half, test.Scalar("one", 1)])]), test.Scalar("half", 0.5f)]);
    }

    /// <summary>Attention of two heads, in pieces, with a residual.</summary>
    private static string Attended(TestModel test, string x)
    {
        string Heads(string name, params long[] order) => test.Node("Transpose", $"{name}.t", [test.Node("Reshape", $"{name}.r", [test.MatMul(name, x, Width, Width), test.Integers($"{name}.s", 0, 0, 2, 4)])], ("perm", order));
        var scores = test.Node("Softmax", "softmax", [test.Node("MatMul", "scores", [Heads("q", 0, 2, 1, 3), Heads("k", 0, 2, 3, 1)])], ("axis", -1));
        var mixed = test.Node("Transpose", "back", [test.Node("MatMul", "mixed", [scores, Heads("v", 0, 2, 1, 3)])], ("perm", new long[] { 0, 2, 1, 3 }));
        return test.Node("Add", "residual", [x, test.Node("Reshape", "joined", [mixed, test.Integers("joined.s", 0, 0, Width)])]);
    }
}
