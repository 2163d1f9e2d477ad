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

    /// <summary>Reads the file of a model; its external data are read by <see cref="ExternalData"/>.</summary>
    /// <exception cref="OnnxCompressException">OCX1001: there is no such file; OCX1002: it is not an ONNX model; OCX9041: it is no regular file.</exception>
    public static ModelProto ReadFile(string path, IncrementalHash hash)
    {
        if (Directory.Exists(path))
        {
            throw new OnnxCompressException(DiagnosticCodes.ModelNotFound, $"'{path}' is a folder; give the path of an .onnx file.");
        }

        byte[] bytes;
        try
        {
            bytes = InputFile.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new OnnxCompressException(DiagnosticCodes.ModelNotFound, $"There is no file '{path}'; check the path of the model.", e);
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
