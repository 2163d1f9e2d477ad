using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>What a graph says of its inputs and outputs.</summary>
internal static class TensorDeclarations
{
    /// <summary>What a graph says of an input; axes without a size are dynamic.</summary>
    public static ValueInfoProto Write(TensorInfo info)
    {
        var shape = new TensorShapeProto();
        shape.Dim.AddRange((info.Dims ?? []).Select(d =>
            d.Value is { } size ? new TensorShapeProto.Types.Dimension { DimValue = size } : new TensorShapeProto.Types.Dimension()));
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)info.Type };
        if (info.Dims is not null)
        {
            tensor.Shape = shape;
        }

        return new ValueInfoProto { Name = info.Name, Type = new TypeProto { TensorType = tensor } };
    }

    /// <summary>The name, type and shape that are declared.</summary>
    public static TensorInfo Read(ValueInfoProto info)
    {
        var tensor = info.Type?.TensorType;
        var dims = tensor?.Shape?.Dim.Select(d =>
            // Some converters write -1 for a size that is not known; the runtime takes it so.
            d.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue ? new Dimension(d.DimValue == -1 ? null : d.DimValue)
            : new Dimension(null, d.HasDimParam && d.DimParam.Length > 0 ? d.DimParam : null));
        return new TensorInfo(info.Name, (ElementType)(tensor?.ElemType ?? 0), dims is null ? null : [.. dims])
        {
            Kind = info.Type?.ValueCase switch
            {
                TypeProto.ValueOneofCase.SequenceType => "a sequence",
                TypeProto.ValueOneofCase.MapType => "a map",
                TypeProto.ValueOneofCase.OptionalType => "an optional value",
                TypeProto.ValueOneofCase.SparseTensorType => "a sparse tensor",
                TypeProto.ValueOneofCase.OpaqueType => "an opaque value",
                _ => null,
            },
        };
    }
}
