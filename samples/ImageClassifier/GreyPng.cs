using System.Buffers.Binary;
using System.IO.Compression;

namespace ImageClassifier;

/// <summary>Reads the sample's pictures: PNG, 8-bit grey, 28 x 28, not interlaced. An app of your own has an imaging library for that.</summary>
internal static class GreyPng
{
    private const int Signature = 8;

    /// <summary>The grey values, row by row.</summary>
    public static byte[] Read(string path)
    {
        var file = File.ReadAllBytes(path);
        using var data = new MemoryStream();
        for (var at = Signature; at < file.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            var type = System.Text.Encoding.ASCII.GetString(file, at + 4, 4);
            var content = file.AsSpan(at + 8, length);
            if (type == "IHDR" && (BinaryPrimitives.ReadInt32BigEndian(content) != Classifier.Side || BinaryPrimitives.ReadInt32BigEndian(content[4..]) != Classifier.Side
                || content[8] != 8 || content[9] != 0 || content[12] != 0))
            {
                throw new InvalidDataException($"'{path}' is no grey picture of 28 x 28.");
            }

            if (type == "IDAT")
            {
                data.Write(content);
            }

            at += length + 12;
        }

        data.Position = 0;
        using var inflated = new ZLibStream(data, CompressionMode.Decompress);
        var filtered = new byte[Classifier.Side * (Classifier.Side + 1)];
        inflated.ReadExactly(filtered);
        return Unfilter(filtered);
    }

    private static byte[] Unfilter(byte[] filtered)
    {
        var pixels = new byte[Classifier.Side * Classifier.Side];
        for (var y = 0; y < Classifier.Side; y++)
        {
            var filter = filtered[y * (Classifier.Side + 1)];
            for (var x = 0; x < Classifier.Side; x++)
            {
                var left = x == 0 ? 0 : pixels[(y * Classifier.Side) + x - 1];
                var up = y == 0 ? 0 : pixels[((y - 1) * Classifier.Side) + x];
                var corner = x == 0 || y == 0 ? 0 : pixels[((y - 1) * Classifier.Side) + x - 1];
                var guess = filter switch { 0 => 0, 1 => left, 2 => up, 3 => (left + up) / 2, _ => Paeth(left, up, corner) };
                pixels[(y * Classifier.Side) + x] = (byte)(filtered[(y * (Classifier.Side + 1)) + 1 + x] + guess);
            }
        }

        return pixels;
    }

    private static int Paeth(int left, int up, int corner)
    {
        var (byLeft, byUp, byCorner) = (Math.Abs(up - corner), Math.Abs(left - corner), Math.Abs(left + up - (2 * corner)));
        return byLeft <= byUp && byLeft <= byCorner ? left : byUp <= byCorner ? up : corner;
    }
}
