using Google.Protobuf;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Tests.Models;

public sealed class InitializerTests
{
    /// <summary>All of them fit into every float type.</summary>
    private static readonly float[] Values = [0, 1, -2, 0.5f, 96, -0.125f];

    public static TheoryData<int, bool> FloatForms => new()
    {
        { (int)ElementType.Float, true }, { (int)ElementType.Float, false },
        { (int)ElementType.Float16, true }, { (int)ElementType.Float16, false },
        { (int)ElementType.BFloat16, true }, { (int)ElementType.BFloat16, false },
        { (int)ElementType.Double, true }, { (int)ElementType.Double, false },
    };

    [Theory]
    [MemberData(nameof(FloatForms))]
    public void Floating_point_values_are_read_from_either_storage(int type, bool raw)
    {
        Assert.Equal(Values, new Initializer(Tensor((ElementType)type, raw)).ReadFloats());
    }

    [Theory]
    [MemberData(nameof(FloatForms))]
    public void Floating_point_values_are_written_in_the_type_they_had(int type, bool raw)
    {
        var proto = Tensor((ElementType)type, raw);
        var initializer = new Initializer(proto);

        initializer.Write([3, 2], Values);

        var copy = new Initializer(TensorProto.Parser.ParseFrom(proto.ToByteArray()));
        Assert.Equal((ElementType)type, copy.Type);
        Assert.Equal([3L, 2], copy.Dims);
        Assert.Equal(Values, copy.ReadFloats());
    }

    [Theory]
    [MemberData(nameof(FloatForms))]
    public void Slices_keep_the_indices_asked_for(int type, bool raw)
    {
        var rows = new Initializer(Tensor((ElementType)type, raw));
        var columns = new Initializer(Tensor((ElementType)type, raw));

        rows.Slice(0, [1]);
        columns.Slice(1, [0, 2]);

        Assert.Equal([0.5f, 96, -0.125f], rows.ReadFloats());
        Assert.Equal([0, -2, 0.5f, -0.125f], columns.ReadFloats());
        Assert.Equal([2L, 2], columns.Dims);
    }

    [Fact]
    public void Slices_of_doubles_keep_all_digits()
    {
        var proto = new TensorProto { Name = "d", DataType = (int)ElementType.Double, Dims = { 3 }, DoubleData = { 1.0 / 3, 2.0 / 3, Math.PI } };

        new Initializer(proto).Slice(0, [2]);

        Assert.Equal(Math.PI, BitConverter.ToDouble(proto.RawData.Span));
    }

    [Fact]
    public void Sixteen_bit_values_are_rounded_to_the_nearest_even()
    {
        var brain = new Initializer(new TensorProto { Name = "b", DataType = (int)ElementType.BFloat16 });
        var half = new Initializer(new TensorProto { Name = "h", DataType = (int)ElementType.Float16 });

        // Between 1 and 1 + 2^-7 (bfloat16), and between 1 and 1 + 2^-10 (float16): ties, then just above.
        brain.Write([3], [1 + 0.00390625f, 1 + 0.01171875f, 1.004f]);
        half.Write([3], [1 + 0.00048828125f, 1 + 0.00146484375f, 1.0005f]);

        Assert.Equal([1, 1.015625f, 1.0078125f], brain.ReadFloats());
        Assert.Equal([1, 1.001953125f, 1.0009765625f], half.ReadFloats());
    }

    [Theory]
    [InlineData((int)ElementType.Int64, true)]
    [InlineData((int)ElementType.Int64, false)]
    [InlineData((int)ElementType.Int32, true)]
    [InlineData((int)ElementType.Int32, false)]
    public void Integers_are_read_and_sliced(int type, bool raw)
    {
        var proto = new TensorProto { Name = "i", DataType = type, Dims = { 3 } };
        if (raw)
        {
            proto.RawData = ByteString.CopyFrom((ElementType)type == ElementType.Int64
                ? [.. new long[] { 5, -1, 7 }.SelectMany(BitConverter.GetBytes)]
                : [.. new[] { 5, -1, 7 }.SelectMany(BitConverter.GetBytes)]);
        }
        else if ((ElementType)type == ElementType.Int64)
        {
            proto.Int64Data.AddRange([5, -1, 7]);
        }
        else
        {
            proto.Int32Data.AddRange([5, -1, 7]);
        }

        var initializer = new Initializer(proto);
        Assert.Equal([5, -1, 7], initializer.ReadIntegers());
        initializer.Slice(0, [1, 2]);
        Assert.Equal([-1, 7], initializer.ReadIntegers());
    }

    [Fact]
    public void Data_that_do_not_fit_the_shape_are_refused()
    {
        TensorProto[] bad =
        [
            new() { Name = "short", DataType = 1, Dims = { 3 }, RawData = ByteString.CopyFrom(new byte[8]) },
            new() { Name = "few", DataType = 1, Dims = { 3 }, FloatData = { 1, 2 } },
            new() { Name = "negative", DataType = 1, Dims = { -3 }, FloatData = { 1 } },
            new() { Name = "huge", DataType = 1, Dims = { long.MaxValue, 4 }, FloatData = { 1 } },
            new() { Name = "integers", DataType = 7, Dims = { 1 }, Int64Data = { 1 } },
        ];

        foreach (var tensor in bad)
        {
            var error = Assert.Throws<OnnxCompressException>(() => new Initializer(tensor).ReadFloats());
            Assert.Equal(DiagnosticCodes.InitializerMalformed, error.Diagnostic.Code);
            Assert.Contains(tensor.Name, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_empty_tensor_of_an_endless_dimension_is_refused()
    {
        var tensor = new TensorProto { Name = "empty", DataType = 1, Dims = { 0, 1L << 40 } };

        var error = Assert.Throws<OnnxCompressException>(() => new Initializer(tensor).CheckSize());

        Assert.Equal(DiagnosticCodes.InitializerMalformed, error.Diagnostic.Code);
    }

    private static TensorProto Tensor(ElementType type, bool raw)
    {
        var proto = new TensorProto { Name = "t", DataType = (int)type, Dims = { 2, 3 } };
        int[] bits = [.. Values.Select(v => type == ElementType.Float16 ? BitConverter.HalfToUInt16Bits((Half)v) : (int)(BitConverter.SingleToUInt32Bits(v) >> 16))];
        switch (type, raw)
        {
            case (ElementType.Float, true):
                proto.RawData = ByteString.CopyFrom([.. Values.SelectMany(BitConverter.GetBytes)]);
                break;
            case (ElementType.Float, false):
                proto.FloatData.AddRange(Values);
                break;
            case (ElementType.Double, true):
                proto.RawData = ByteString.CopyFrom([.. Values.SelectMany(v => BitConverter.GetBytes((double)v))]);
                break;
            case (ElementType.Double, false):
                proto.DoubleData.AddRange(Values.Select(v => (double)v));
                break;
            case (_, true):
                proto.RawData = ByteString.CopyFrom([.. bits.SelectMany(b => BitConverter.GetBytes((ushort)b))]);
                break;
            default:
                proto.Int32Data.AddRange(bits);
                break;
        }

        return proto;
    }
}
