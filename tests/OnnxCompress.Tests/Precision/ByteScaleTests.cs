using OnnxCompress.Models;
using OnnxCompress.Precision;
using OnnxCompress.Running;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Precision;

/// <summary>Bytes are those of the runtime, bit by bit, and every range has a scale.</summary>
public sealed class ByteScaleTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(-1.0, 2.0)]
    [InlineData(0.0, 6.0)]
    [InlineData(-0.3, 0.0)]
    [InlineData(-1e-12, 3e20)]
    public void Values_are_stored_and_read_as_the_runtime_does(double low, double high)
    {
        var scale = ByteScale.Of(low, high);
        // Every value of the grid, the middles between them (ties, where they are exact), their neighbours, and values beyond.
        float[] values =
        [
            .. Enumerable.Range(-20, 600).Select(i => (i - 2 * scale.Zero) * 0.5f * scale.Scale).SelectMany(v => new[] { v, MathF.BitIncrement(v), MathF.BitDecrement(v) }),
            (float)low, (float)high, (float)high * 2, 0, -0f,
        ];

        var (bytes, read) = ThroughRuntime(values, scale);

        Assert.Equal(bytes, Array.ConvertAll(values, scale.Quantize));
        Assert.Equal(read.Select(BitConverter.SingleToInt32Bits), values.Select(v => BitConverter.SingleToInt32Bits(scale.Round(v))));
    }

    [Fact]
    public void Every_byte_comes_back_from_its_value()
    {
        var scale = ByteScale.Of(-1.7, 2.9);

        Assert.All(Enumerable.Range(0, 256), b => Assert.Equal(b, scale.Quantize(scale.Dequantize((byte)b))));
    }

    [Fact]
    public void Ties_go_to_even()
    {
        var scale = new ByteScale(2, 10);

        Assert.Equal([10, 12, 12, 8], new float[] { 1, 3, 5, -3 }.Select(v => (int)scale.Quantize(v)));
    }

    [Theory]
    [InlineData(-3.0, 5.0)]
    [InlineData(2.0, 5.0)]
    [InlineData(-5.0, -2.0)]
    [InlineData(4.0, 4.0)]
    [InlineData(0.0, 0.0)]
    [InlineData(1e-40, 1e-39)]
    [InlineData(-3e38, 3e38)]
    public void Zero_is_exact_and_the_step_positive_whatever_the_range(double low, double high)
    {
        var scale = ByteScale.Of(low, high);

        Assert.True(scale.Scale > 0 && float.IsFinite(scale.Scale));
        Assert.Equal(0, scale.Round(0));
        Assert.True(float.IsFinite(scale.Round((float)high)) && float.IsFinite(scale.Round((float)low)));
    }

    [Fact]
    public void A_tensor_that_is_never_negative_begins_at_zero() => Assert.Equal(0, ByteScale.Of(0.5, 6).Zero);

    [Theory]
    [InlineData(1.0)]
    [InlineData(6.0)]
    [InlineData(0.3)]
    public void The_last_value_lies_within_the_range_of_a_Clip(double high) => Assert.True(ByteScale.Of(0, high).Scale * 255.0 <= high);

    [Theory]
    [InlineData(double.NaN, 1)]
    [InlineData(0, double.PositiveInfinity)]
    public void A_range_that_is_not_finite_is_refused(double low, double high) => Assert.Throws<ArgumentException>(() => ByteScale.Of(low, high));

    private static (byte[] Bytes, float[] Read) ThroughRuntime(float[] values, ByteScale scale)
    {
        var test = new TestModel(opset: 13);
        test.Input("x", values.Length);
        test.Scalar("s", scale.Scale);
        test.Graph.Initializer.Add(new OnnxCompress.Models.Protos.TensorProto { Name = "z", DataType = (int)ElementType.UInt8, RawData = Google.Protobuf.ByteString.CopyFrom(scale.Zero) });
        test.Output(test.Node("QuantizeLinear", "q", ["x", "s", "z"]), ElementType.UInt8, values.Length);
        test.Output(test.Node("DequantizeLinear", "dq", ["q", "s", "z"]), values.Length);
        using var session = ModelRunner.Runtime.Open(test.Build(), new SessionSettings(1, Optimize: false));
        using var run = session.Run([new HostTensor("x", ElementType.Float, [values.Length], values)], ["q", "dq"], Token);
        return (run.Values<byte>(0).ToArray(), run.Values<float>(1).ToArray());
    }
}
