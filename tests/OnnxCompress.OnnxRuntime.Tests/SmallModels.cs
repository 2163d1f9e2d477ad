using Google.Protobuf;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.OnnxRuntime.Tests;

/// <summary>Models of one node.</summary>
internal static class SmallModels
{
    /// <summary>One input <c>x</c> of any length, one node, one output <c>y</c>.</summary>
    public static OnnxModel OneNode(string opType, ElementType type)
    {
        var info = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = new TensorShapeProto() } };
        info.TensorType.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "n" });
        var graph = new GraphProto { Name = "one" };
        graph.Input.Add(new ValueInfoProto { Name = "x", Type = info });
        graph.Output.Add(new ValueInfoProto { Name = "y", Type = info });
        graph.Node.Add(new NodeProto { OpType = opType, Name = "node", Input = { "x" }, Output = { "y" } });
        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        return OnnxModel.Load(model.ToByteArray());
    }
}
