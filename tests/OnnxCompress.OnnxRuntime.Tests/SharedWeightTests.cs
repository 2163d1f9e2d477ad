using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.OnnxRuntime.Tests;

/// <summary>The way models over 2 GB are run, on a small one.</summary>
public sealed class SharedWeightTests
{
    [Fact]
    public void Weights_that_stay_in_the_model_give_the_same_outputs()
    {
        var model = Product();
        var samples = new[] { new HostTensor("x", ElementType.Float, [1, 40], Enumerable.Range(0, 40).Select(i => (float)i).ToArray()) };

        using var options = new SessionOptions();
        using var shared = OrtRuntime.OpenShared(model, options);
        using var plain = new OrtRuntime().Open(model, new(1));
        using var actual = shared.Run(samples, ["y"], TestContext.Current.CancellationToken);
        using var expected = plain.Run(samples, ["y"], TestContext.Current.CancellationToken);

        Assert.Contains(expected.Values<float>(0).ToArray(), value => value != 0);
        Assert.Equal(expected.Values<float>(0).ToArray(), actual.Values<float>(0).ToArray(), (a, b) => Math.Abs(a - b) <= 1e-3f * Math.Abs(a));
    }

    private static OnnxModel Product()
    {
        var random = new Random(1);
        byte[] bytes = [.. Enumerable.Range(0, 1600).SelectMany(_ => BitConverter.GetBytes((float)random.NextDouble() + 0.1f))];
        var weight = new TensorProto { Name = "w", DataType = (int)ElementType.Float, RawData = ByteString.CopyFrom(bytes), Dims = { 40, 40 } };
        var graph = new GraphProto { Name = "product", Initializer = { weight } };
        var type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)ElementType.Float, Shape = new TensorShapeProto() } };
        type.TensorType.Shape.Dim.Add([new TensorShapeProto.Types.Dimension { DimValue = 1 }, new TensorShapeProto.Types.Dimension { DimValue = 40 }]);
        graph.Input.Add(new ValueInfoProto { Name = "x", Type = type });
        graph.Output.Add(new ValueInfoProto { Name = "y", Type = type });
        graph.Node.Add(new NodeProto { OpType = "MatMul", Name = "node", Input = { "x", "w" }, Output = { "y" } });
        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        return OnnxModel.Load(model.ToByteArray());
    }
}
