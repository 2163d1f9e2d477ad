using System.Runtime.InteropServices;
using Google.Protobuf;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Simplification;

/// <summary>Brings Constant nodes that state numbers or lists of them to the form of a tensor, which all else reads.</summary>
internal static class ConstantForms
{
    /// <summary>Applies the pass.</summary>
    /// <returns>How many nodes changed.</returns>
    public static int Apply(ModelGraph graph) => graph.Nodes.Count(n => n is { OpType: "Constant", Domain: "" } && n.Tensor("value") is null && Restate(n));

    private static bool Restate(GraphNode node)
    {
        if (node.Proto.Attribute is not [{ } stated] || TensorOf(stated) is not { } tensor)
        {
            return false;
        }

        node.Proto.Attribute.Clear();
        node.Proto.Attribute.Add(new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = tensor });
        return true;
    }

    private static TensorProto? TensorOf(AttributeProto stated) => stated.Name switch
    {
        "value_int" => Tensor<long>(ElementType.Int64, [stated.I], isScalar: true),
        "value_ints" => Tensor<long>(ElementType.Int64, [.. stated.Ints], isScalar: false),
        "value_float" => Tensor<float>(ElementType.Float, [stated.F], isScalar: true),
        "value_floats" => Tensor<float>(ElementType.Float, [.. stated.Floats], isScalar: false),
        _ => null,
    };

    private static TensorProto Tensor<T>(ElementType type, T[] values, bool isScalar)
        where T : unmanaged
    {
        var tensor = new TensorProto { DataType = (int)type, RawData = UnsafeByteOperations.UnsafeWrap(MemoryMarshal.AsBytes(values.AsSpan()).ToArray()) };
        if (!isScalar)
        {
            tensor.Dims.Add(values.Length);
        }

        return tensor;
    }
}
