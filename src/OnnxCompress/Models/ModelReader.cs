using System.Security.Cryptography;
using Google.Protobuf;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>Bytes to protobuf, with every way a file can be wrong turned into one clear error.</summary>
internal static class ModelReader
{
    /// <summary>Files that start like this are ONNX Runtime's own format, which keeps no graph a tool could edit.</summary>
    private static ReadOnlySpan<byte> OrtFormatMarker => "ORTM"u8;

    /// <summary>Opens the file of a model.</summary>
    /// <exception cref="OnnxCompressException">OCX1001: there is no such file; OCX9041: it is a pipe, a socket or a device.</exception>
    public static RegularFile Open(string path)
    {
        try
        {
            return RegularFile.Open(path);
        }
        catch (FileRefusedException refused)
        {
            var code = refused.Code == DiagnosticCodes.ExternalDataMissing || Directory.Exists(path) ? DiagnosticCodes.ModelNotFound : DiagnosticCodes.InputNotAFile;
            throw new OnnxCompressException(code, $"'{path}' {refused.Message}; give the path of an .onnx file.", refused);
        }
    }

    /// <summary>Reads the file of a model; its external data are read by <see cref="ExternalDataReader"/>.</summary>
    /// <exception cref="OnnxCompressException">OCX1001: it cannot be read; OCX1002: it is not an ONNX model.</exception>
    public static ModelProto ReadFile(RegularFile file, string path, IncrementalHash hash)
    {
        if (file.Length > Array.MaxLength)
        {
            throw Malformed(path, $"it has {file.Length} bytes, more than a protobuf message can have");
        }

        var bytes = GC.AllocateUninitializedArray<byte>((int)file.Length);
        try
        {
            file.Stream.ReadExactly(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OnnxCompressException(DiagnosticCodes.ModelNotFound, $"'{path}' cannot be read: {e.Message}", e);
        }

        hash.AppendData(bytes);
        return Parse(bytes, path);
    }

    /// <summary>Parses the bytes of a model.</summary>
    /// <param name="bytes">The protobuf.</param>
    /// <param name="origin">What to call it in an error.</param>
    /// <exception cref="OnnxCompressException">OCX1002: the bytes are not an ONNX model.</exception>
    public static ModelProto Parse(ReadOnlySpan<byte> bytes, string origin)
    {
        if (bytes.Length >= 8 && bytes[4..8].SequenceEqual(OrtFormatMarker))
        {
            throw Malformed(origin, "it is in ONNX Runtime's .ort format; give the .onnx file it was made from");
        }

        if (LargeFilePointer.IsOne(bytes))
        {
            throw Malformed(origin, LargeFilePointer.Advice);
        }

        try
        {
            var model = ModelProto.Parser.ParseFrom(bytes);
            if (model.Graph is null || (model.Graph.Node.Count == 0 && model.Graph.Output.Count == 0))
            {
                throw Malformed(origin, "it holds no graph");
            }

            return model;
        }
        catch (InvalidProtocolBufferException e)
        {
            throw Malformed(origin, $"the protobuf is truncated or damaged ({e.Message.TrimEnd('.')}); export or copy the model again", e);
        }
    }

    private static OnnxCompressException Malformed(string origin, string reason, Exception? cause = null) =>
        new(DiagnosticCodes.ModelMalformed, $"'{origin}' is not a readable ONNX model: {reason}.", cause);
}
