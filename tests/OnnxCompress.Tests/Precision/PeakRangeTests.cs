using OnnxCompress.Models;
using OnnxCompress.Precision;
using OnnxCompress.Reconstruction;
using OnnxCompress.Samples;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Precision;

/// <summary>A range in front of a maximum holds the greatest value; others cut rare great values off for the sake of the rest.</summary>
public sealed class PeakRangeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("MaxPool")]
    [InlineData("Flatten")]
    [InlineData("Pad")]
    [InlineData("Clip")]
    [InlineData("Concat")]
    [InlineData("LeakyRelu")]
    [InlineData("HardSwish")]
    [InlineData("Cast")]
    [InlineData("Relu")]
    [InlineData("Split")]
    [InlineData("Dropout")]
    public void A_range_in_front_of_a_maximum_holds_the_greatest_value(string between)
    {
        var (top, greatest) = TopOf(between, "ReduceMax");

        Assert.InRange(top, 0.99 * greatest, 1.01 * greatest);
    }

    [Fact]
    public void Other_ranges_cut_rare_values_off()
    {
        var (top, greatest) = TopOf("Relu", "ReduceMean");

        Assert.InRange(top, 0.05 * greatest, 0.9 * greatest);
    }

    /// <summary>The last value of the range of a tensor that a convolution reads in bytes, and the greatest value that it has.</summary>
    private static (double Top, double Greatest) TopOf(string between, string reduction)
    {
        var model = Model(between, reduction);
        var quantizer = new ModelQuantizer(
            ModelRunner.Runtime, Workbench.Backend, new OneGreatValue(), hasData: true, new(new ReconstructionOptions(1, 16, 0, 1 << 26), new WeightGrid(WeightGrid.Reduced)));

        var graph = quantizer.Quantize(model, Token).Model.Graph;

        var pair = Assert.Single(graph.Nodes, n => n.OpType == "QuantizeLinear" && n.Inputs[0] == "x");
        var zero = graph.Initializers[pair.Inputs[2]].ReadBytes()[0];
        return (graph.Constant(pair.Inputs[1])!.ReadFloats()[0] * (255.0 - zero), OneGreatValue.Greatest);
    }

    private static OnnxModel Model(string between, string reduction)
    {
        var test = new TestModel(opset: 14);
        test.Input("x", "N", OneGreatValue.Channels, OneGreatValue.Side, OneGreatValue.Side);
        test.Output(test.Conv("conv", "x", 4, 3), "N", 3, OneGreatValue.Side, OneGreatValue.Side);
        var read = between switch
        {
            "MaxPool" => test.Node(between, "between", ["x"], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 })),
            "Pad" => test.Node(between, "between", ["x", test.Integers("pads", 0, 0, 1, 1, 0, 0, 1, 1)]),
            "Clip" => test.Node(between, "between", ["x", test.Scalar("least", -1e9f), test.Scalar("most", 1e9f)]),
            "Concat" => test.Node(between, "between", ["x", "conv"], ("axis", 1)),
            "Cast" => test.Node(between, "between", ["x"], ("to", (int)ElementType.Double)),
            "Split" => test.Nodes(between, "between", ["x"], ["left", "between"], ("axis", 1))[1],
            _ => test.Node(between, "between", ["x"]),
        };
        var type = between == "Cast" ? ElementType.Double : ElementType.Float;
        return test.Output(test.Node(reduction, "last", [read], ("axes", new long[] { -1 })), type).Build();
    }

    /// <summary>Values spread over -1 to 1, and a single one of twice the size: a step for all of them loses more than that one does.</summary>
    private sealed class OneGreatValue : ISampleSource
    {
        public const int Channels = 4, Side = 32;
        public const float Greatest = 2;
        private const int Size = Channels * Side * Side;

        public int Count => 64;

        public IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices)
        {
            var values = new float[indices.Length * Size];
            for (var i = 0; i < values.Length; i++)
            {
                var place = (indices[i / Size] * (long)Size) + (i % Size);
                // Multiples of the golden ratio lie evenly.
                values[i] = place == 0 ? Greatest : (float)((2 * (place * 0.6180339887498949 % 1)) - 1);
            }

            return [new HostTensor("x", ElementType.Float, [indices.Length, Channels, Side, Side], values)];
        }
    }
}
