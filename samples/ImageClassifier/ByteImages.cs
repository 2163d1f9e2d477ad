using System.Buffers.Binary;

namespace ImageClassifier;

/// <summary>Reads images from an .npy file of bytes.</summary>
internal static class ByteImages
{
    /// <summary>All images of a file, uint8 <c>n x 1 x 28 x 28</c>.</summary>
    public static byte[][] Read(string path)
    {
        // Magic, version, the length of the header, the header, the values.
        var bytes = File.ReadAllBytes(path);
        var header = System.Text.Encoding.ASCII.GetString(bytes, 10, BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(8)));
        return header.Contains("'|u1'", StringComparison.Ordinal) && header.Contains(", 1, 28, 28)", StringComparison.Ordinal)
            ? [.. bytes.Skip(10 + header.Length).Chunk(Classifier.Side * Classifier.Side)]
            : throw new InvalidDataException($"'{path}' holds no uint8 images of 1 x 28 x 28.");
    }
}
