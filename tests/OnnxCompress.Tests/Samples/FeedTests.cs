using Google.Protobuf;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests.Samples;

/// <summary>Files reach ONNX Runtime as the type that each input declares.</summary>
public sealed class FeedTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ElementType.Float)]
    [InlineData(ElementType.Double)]
    [InlineData(ElementType.Float16)]
    [InlineData(ElementType.Int64)]
    [InlineData(ElementType.Int32)]
    [InlineData(ElementType.Int16)]
    [InlineData(ElementType.Int8)]
    [InlineData(ElementType.UInt8)]
    [InlineData(ElementType.UInt16)]
    [InlineData(ElementType.UInt32)]
    [InlineData(ElementType.Bool)]
    public void An_input_of_any_type_is_fed(ElementType type)
    {
        var model = CastToFloat(type);
        var path = _folder.Write("data.npy", NpyBytes.Of<byte>([2, 2], 0, 1, 1, 100));
        using var source = FileSampleSource.Open([new(path)], model.Inputs, TensorLayout.Nchw, Preprocessing.None);
        using var session = new OrtRuntime().Open(model, new SessionSettings(Threads: 1));

        using var result = session.Run(source.Read([1, 0]), ["y"], TestContext.Current.CancellationToken);

        Assert.Equal([1f, type == ElementType.Bool ? 1f : 100f, 0f, 1f], result.Values<float>(0).ToArray());
    }

    [Theory]
    [InlineData(ElementType.Double)]
    [InlineData(ElementType.Float16)]
    [InlineData(ElementType.Int64)]
    [InlineData(ElementType.Int32)]
    [InlineData(ElementType.Int16)]
    [InlineData(ElementType.Int8)]
    [InlineData(ElementType.UInt8)]
    [InlineData(ElementType.UInt16)]
    [InlineData(ElementType.UInt32)]
    [InlineData(ElementType.UInt64)]
    [InlineData(ElementType.Bool)]
    public void An_output_of_any_type_is_compared(ElementType type)
    {
        var model = Cast(ElementType.Float, type);
        var path = _folder.Write("data.npy", NpyBytes.Of<byte>([2, 2], 0, 1, 1, 100));
        using var source = FileSampleSource.Open([new(path)], model.Inputs, TensorLayout.Nchw, Preprocessing.None);

        var result = new ModelVerifier(new OrtRuntime()).Verify(
            model, model, source, new VerificationOptions(), progress: null, TestContext.Current.CancellationToken);

        Assert.Equal((1.0, 0.0), (result.Agreement, result.RelativeError));
        Assert.Equal(type.IsFloatingPoint() ? 2 : 4, result.Decisions);
    }

    private static OnnxModel CastToFloat(ElementType type) => Cast(type, ElementType.Float);

    private static OnnxModel Cast(ElementType from, ElementType to)
    {
        var graph = new GraphProto { Name = "g" };
        graph.Input.Add(Value("x", from));
        graph.Output.Add(Value("y", to));
        var cast = new NodeProto { OpType = "Cast", Name = "cast" };
        cast.Input.Add("x");
        cast.Output.Add("y");
        cast.Attribute.Add(new AttributeProto { Name = "to", I = (int)to, Type = AttributeProto.Types.AttributeType.Int });
        graph.Node.Add(cast);
        var proto = new ModelProto { IrVersion = 8, Graph = graph };
        proto.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        return OnnxModel.Load(proto.ToByteArray());
    }

    private static ValueInfoProto Value(string name, ElementType type)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "batch" });
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = 2 });
        return new() { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = shape } } };
    }
}
