using Google.Protobuf;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Samples;

/// <summary>A <c>.pb</c> file with one ONNX <c>TensorProto</c>, as the test data sets of the ONNX model zoo hold them.</summary>
internal static class TensorFile
{
    /// <summary>Reads the tensor; its first axis counts samples, unless it is a single number.</summary>
    /// <exception cref="OnnxCompressException">OCX3002: no tensor, or one that cannot be used; OCX3020: no samples.</exception>
    public static MemoryArray Open(string path)
    {
        var proto = Parse(path);
        if (proto.DataLocation == TensorProto.Types.DataLocation.External)
        {
            throw Malformed(path, "keeps its values in another file; save the tensor with its values inside");
        }

        var type = (ElementType)proto.DataType;
        if (type is not (ElementType.Float or ElementType.Double or ElementType.Float16 or ElementType.Int64 or ElementType.Int32 or ElementType.Int16
            or ElementType.Int8 or ElementType.UInt8 or ElementType.UInt16 or ElementType.UInt32 or ElementType.Bool))
        {
            throw Malformed(path, $"holds elements of type {proto.DataType}; bool, int8 to int64, uint8 to uint32 and float16 to float64 are read");
        }

        byte[] bytes;
        try
        {
            bytes = new Initializer(proto).ReadBytes();
        }
        catch (OnnxCompressException inconsistent)
        {
            throw new OnnxCompressException(DiagnosticCodes.DataMalformed, $"'{path}' cannot be used. {inconsistent.Message}", inconsistent);
        }

        if (proto.Dims is [0, ..])
        {
            throw new OnnxCompressException(DiagnosticCodes.DataEmpty, $"'{path}' holds no samples: its shape is ({string.Join(", ", proto.Dims)}).");
        }

        long[] sample = [.. proto.Dims.Skip(1)];
        return new(path, proto.Name, type, [.. Enumerable.Repeat(sample, proto.Dims is [var count, ..] ? (int)count : 1)], bytes) { IsNumber = proto.Dims.Count == 0 };
    }

    private static TensorProto Parse(string path)
    {
        try
        {
            using var stream = InputFile.OpenRead(path);
            return TensorProto.Parser.ParseFrom(stream);
        }
        catch (InvalidProtocolBufferException damaged)
        {
            throw new OnnxCompressException(DiagnosticCodes.DataMalformed, $"'{path}' is not an ONNX tensor: {damaged.Message}", damaged);
        }
    }

    private static OnnxCompressException Malformed(string path, string what) => new(DiagnosticCodes.DataMalformed, $"'{path}' {what}.");
}
