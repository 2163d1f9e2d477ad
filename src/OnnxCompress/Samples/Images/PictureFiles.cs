using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples.Images;

/// <summary>Opens the files of pictures; what the system refuses becomes an error with the file's name.</summary>
internal static class PictureFiles
{
    /// <summary>Opens a file for a look at its header.</summary>
    /// <exception cref="OnnxCompressException">OCX3001: not readable.</exception>
    public static Stream Open(string path) => Guarded<Stream>(path, () => InputFile.OpenRead(path));

    /// <summary>All bytes of a file.</summary>
    /// <exception cref="OnnxCompressException">OCX3001: not readable; OCX3002: too large.</exception>
    public static byte[] ReadAll(string path) => Guarded(path, () => new FileInfo(path).Length is var length and > PictureFormats.LargestFile
        ? throw PictureFormats.Malformed(path, $"is {length} bytes long; pictures of up to {PictureFormats.LargestFile} bytes are read")
        : InputFile.ReadAllBytes(path, PictureFormats.LargestFile));

    /// <summary>Reads from a file.</summary>
    /// <exception cref="OnnxCompressException">OCX3001: not readable.</exception>
    public static T Guarded<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new OnnxCompressException(DiagnosticCodes.DataNotFound, $"The picture '{path}' cannot be read: {failure.Message}", failure);
        }
    }
}
