using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Dependencies;

/// <summary>Every operator with a constant weight is described as what it is: one linear map over channels.</summary>
public sealed class LinearMapTests
{
    [Fact]
    public void Matrix_products_say_where_their_channels_lie()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 6);
        builder.Gemm("t", "x", 6, 5);
        builder.Gemm("n", "t", 5, 4, transB: false);
        builder.MatMul("r", "n", 4, 3);
        builder.Node("MatMul", "l", [builder.Weight("l.w", 7, 9), "r"]);

        var maps = builder.Output("l").Build().Graph.Nodes.Select(n => (n.Name, Map: MapOf(builder, n.Name))).ToDictionary(m => m.Name, m => m.Map);

        Assert.Equal(
            [("t", 6, 5, true, 1, "x", 1), ("n", 5, 4, false, 1, "t", 1), ("r", 4, 3, false, 1, "n", 1), ("l", 9, 7, true, 0, "r", 0)],
            maps.Select(m => (m.Key, m.Value.Inputs, m.Value.Outputs, m.Value.OutputsFirst, m.Value.WeightInput, m.Value.Input, m.Value.ChannelAxis(2))));
        Assert.Equal([true, true, false, false], maps.Values.Select(m => m.TakesBiasInput));
        Assert.All(maps.Values, m => Assert.True(m is { Kind: LinearKind.Product, Groups: 1, IsPointwise: true, Window: null, Kernel: [] }));
    }

    [Fact]
    public void Convolutions_count_the_channels_of_all_groups()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 6, 8, 8);
        builder.Conv("g", "x", 6, 8, kernel: 3, group: 2);
        builder.Conv("d", "g", 8, 16, kernel: 3, group: 8);
        builder.Node("ConvTranspose", "t", ["d", builder.Weight("t.w", 16, 3, 2, 2)], ("group", 4));
        builder.Output("t");

        var maps = new[] { "g", "d", "t" }.Select(name => MapOf(builder, name)).ToArray();

        Assert.Equal([(6, 8, 2, false), (8, 16, 8, true), (16, 12, 4, false)], maps.Select(m => (m.Inputs, m.Outputs, m.Groups, m.IsDepthwise)));
        Assert.Equal([(2, 4, 3, 9, true), (8, 2, 1, 9, true), (4, 3, 4, 4, false)],
            maps.Select(m => m.Layout).Select(l => (l.Groups, l.Outputs, l.Inputs, l.Taps, l.OutputsFirst)));
        Assert.All(maps, m => Assert.Equal((1, false), (m.ChannelAxis(4), m.IsPointwise)));
    }

    [Fact]
    public void Nodes_that_are_no_linear_maps_have_none()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 6);
        builder.Relu("r", "x");
        builder.Node("MatMul", "m", ["r", builder.Weight("m.w", 2, 6, 3)]);
        builder.Node("Gemm", "a", ["x", builder.Weight("a.w", 6, 3)], ("transA", 1));
        builder.Output("m");
        builder.Output("a");

        Assert.All(builder.Build().Graph.Nodes, n => Assert.Null(LinearMap.Of(n, builder.Build().Graph)));
    }

    [Theory]
    [InlineData("Conv", "SAME_UPPER", 1)]
    [InlineData("Conv", "SAME_UPPER", 3)]
    [InlineData("Conv", "SAME_LOWER", 2)]
    [InlineData("Conv", "VALID", 2)]
    [InlineData("ConvTranspose", "SAME_UPPER", 2)]
    [InlineData("ConvTranspose", "SAME_LOWER", 3)]
    [InlineData("ConvTranspose", "VALID", 2)]
    public void Automatic_padding_is_what_the_runtime_does(string opType, string automatic, int stride)
    {
        float[] Run(params (string, object)[] attributes)
        {
            var builder = new TestModel();
            builder.Input("x", 1, 2, 11, 7);
            builder.Node(opType, "y", ["x", builder.Weight("w", 2, 2, 4, 3)], [("strides", new long[] { stride, 1 }), .. attributes]);
            var model = builder.Output("y").Build();
            using var session = ModelRunner.Runtime.Open(model, new SessionSettings(1));
            float[] values = [.. Enumerable.Range(0, 2 * 11 * 7).Select(i => (float)((i * 37 % 101) - 50))];
            using var result = session.Run([new HostTensor("x", ElementType.Float, [1, 2, 11, 7], values)], ["y"], TestContext.Current.CancellationToken);
            _sizes = [.. result.Dims(0).ToArray().Skip(2).Select(d => (int)d)];
            return result.Values<float>(0).ToArray();
        }

        var expected = Run(("auto_pad", automatic));
        var described = new TestModel();
        described.Input("x", 1, 2, 11, 7);
        described.Node(opType, "y", ["x", described.Weight("w", 2, 2, 4, 3)], ("strides", new long[] { stride, 1 }), ("auto_pad", automatic));
        described.Output("y");
        var window = MapOf(described, "y").Window!;
        var (rows, columns) = (window.Padding(0, 11, _sizes[0]), window.Padding(1, 7, _sizes[1]));

        var actual = Run(("pads", new long[] { rows.Begin, columns.Begin, rows.End, columns.End }));

        Assert.Equal(automatic != "VALID", window.MayPad);
        Assert.Equal(expected.Length, actual.Length);
        // The same products in the same order, whoever works the padding out.
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
    }

    private int[] _sizes = [];

    private static LinearMap MapOf(TestModel builder, string name)
    {
        var graph = builder.Build().Graph;
        return LinearMap.Of(graph.Producer(name)!, graph)!;
    }
}
