using OnnxCompress.Calibration;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Calibration;

/// <summary>Statistics taken inside the runtime equal those of the activations themselves, for every form of a tap.</summary>
public sealed class GramTapTests
{
    /// <summary>Float products of at most 4,096 rows, summed in double.</summary>
    private const double FloatBlocks = 1e-5;

    [Theory]
    [InlineData(6, 3)]
    [InlineData(40, 1)]
    [InlineData(90, 2)]
    public void Channels_first(int size, int count)
    {
        // 90 x 90 positions are more than one block for each image.
        var builder = new TestModel();
        builder.Input("x", "N", 2, size, size);
        builder.Conv("c2", builder.Relu("r", builder.Conv("c1", "x", 2, 5)), 5, 2);

        Verify(builder.Output("c2").Build(), count);
    }

    [Theory]
    [InlineData(11)]
    [InlineData(17)]
    public void Channels_last(long opset)
    {
        var builder = new TestModel(opset);
        builder.Input("x", "N", "L", 4);
        builder.MatMul("m2", builder.MatMul("m1", "x", 4, 6), 6, 3);

        Verify(builder.Output("m2").Build(), count: 7);
    }

    [Fact]
    public void Channels_last_in_several_blocks()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3000, 3);
        builder.MatMul("m2", builder.MatMul("m1", "x", 3, 5), 5, 3);

        Verify(builder.Output("m2").Build(), count: 4);
    }

    [Fact]
    public void Rows_of_features_that_lie_second_last()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 5, 6);
        builder.Node("MatMul", "m1", [builder.Weight("w1", 7, 5), "x"]);
        builder.Node("MatMul", "m2", [builder.Weight("w2", 3, 7), "m1"]);

        Verify(builder.Output("m2").Build(), count: 9);
    }

    [Fact]
    public void Blocks_of_columns_behind_a_flatten()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 2, 3, 4);
        builder.Gemm("f", builder.Node("Flatten", "flat", [builder.Relu("r", builder.Conv("c", "x", 2, 5))]), 60, 2);

        Verify(builder.Output("f").Build(), count: 8);
    }

    [Fact]
    public void Strided_columns_behind_a_channels_last_flatten()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 2, 3, 4);
        builder.Node("Transpose", "nhwc", [builder.Conv("c", "x", 2, 5)], ("perm", new long[] { 0, 2, 3, 1 }));
        builder.Gemm("f", builder.Node("Flatten", "flat", ["nhwc"]), 60, 2);

        Verify(builder.Output("f").Build(), count: 8);
    }

    [Fact]
    public void Channels_of_several_groups_of_a_convolution()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 2, 3, 4);
        builder.Conv("g", builder.Conv("c", "x", 2, 8), 8, 4, group: 2);

        Verify(builder.Output("g").Build(), count: 5);
    }

    [Fact]
    public void Vectors()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 4);
        builder.Gemm("f2", builder.Gemm("f1", "x", 4, 6), 6, 2);

        Verify(builder.Output("f2").Build(), count: 33);
    }

    [Fact]
    public void Doubles()
    {
        var builder = new TestModel();
        builder.Input("x", ElementType.Double, "N", 4);
        builder.MatMul("m2", builder.MatMul("m1", "x", 4, 6), 6, 2);
        builder.Output("m2", ElementType.Double);
        foreach (var tensor in builder.Graph.Initializer)
        {
            var values = new Initializer(tensor).ReadFloats();
            (tensor.DataType, tensor.RawData) = ((int)ElementType.Double, Google.Protobuf.ByteString.Empty);
            tensor.ClearRawData();
            tensor.DoubleData.AddRange(values.Select(v => (double)v));
        }

        Verify(builder.Build(), count: 9);
    }

    [Fact]
    public void A_fixed_batch()
    {
        var builder = new TestModel();
        builder.Input("x", 4, 2, 6, 6);
        builder.Conv("c2", builder.Conv("c1", "x", 2, 5), 5, 2);

        Verify(builder.Output("c2").Build(), count: 8);
    }

    private static void Verify(OnnxModel model, int count)
    {
        var bench = new Workbench(model, ModelRunner.Samples(model, count, dynamicSize: 5));
        var consumer = Assert.Single(Assert.Single(bench.Analysis.Groups).ConsumerLayers);
        var tap = ChannelTap.Of(consumer);

        var statistics = bench.Statistics.Of(tap).Total();

        var (gram, sums, rows) = Directly(bench, tap, count);
        Assert.Equal(rows, statistics.Rows);
        Assert.Equal(count, bench.Statistics.Samples);
        NumericAssert.RelativeFrobenius(gram, new Matrix<double>(tap.Channels, tap.Channels, statistics.Gram), FloatBlocks, "float blocks");
        NumericAssert.Within(
            new Matrix<double>(1, tap.Channels, sums), new Matrix<double>(1, tap.Channels, statistics.Sums), FloatBlocks,
            Math.Sqrt(rows) * NumericAssert.Norm(gram), "float sums against the norm of what was summed");
    }

    /// <summary>The same from the tapped activation, element by element.</summary>
    private static (Matrix<double> Gram, double[] Sums, long Rows) Directly(Workbench bench, ChannelTap tap, int count)
    {
        var observed = bench.Model.Clone();
        observed.Graph.AddOutput(tap.Tensor);
        var (gram, sums, rows) = (new Matrix<double>(tap.Channels, tap.Channels), new double[tap.Channels], 0L);
        using var session = ModelRunner.Runtime.Open(observed, new SessionSettings(1, Optimize: false));
        foreach (var (indices, _) in SampleBatches.Of(count, bench.Model.Inputs, count))
        {
            using var result = session.Run(bench.Samples.Read(indices), [tap.Tensor], TestContext.Current.CancellationToken);
            var output = OutputTensor.Of(tap.Tensor, result, 0);
            var values = output.Values;
            var length = (int)output.Dims[tap.Axis];
            var inner = (int)output.Dims.Skip(tap.Axis + 1).Aggregate(1L, (a, b) => a * b);
            for (var start = 0; start < values.Length / (length * inner) * tap.Multiplicity * inner; start++)
            {
                var (outer, position, offset) = (start / (tap.Multiplicity * inner), start / inner % tap.Multiplicity, start % inner);
                double At(int channel) => values[(((outer * length) + tap.Positions[(channel * tap.Multiplicity) + position]) * inner) + offset];
                rows++;
                for (var i = 0; i < tap.Channels; i++)
                {
                    sums[i] += At(i);
                    for (var j = 0; j < tap.Channels; j++)
                    {
                        gram[i, j] += At(i) * At(j);
                    }
                }
            }
        }

        return (gram, sums, rows);
    }
}
