using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace ImageClassifier;

/// <summary>Reads the sample's pictures: grey, 28 x 28.</summary>
internal static class GreyPicture
{
    /// <summary>The grey values, row by row.</summary>
    public static byte[] Read(string path)
    {
        using var image = Image.Load<L8>(path);
        if (image.Width != Classifier.Side || image.Height != Classifier.Side)
        {
            throw new InvalidDataException($"'{path}' is no picture of {Classifier.Side} x {Classifier.Side}.");
        }

        var pixels = new byte[Classifier.Side * Classifier.Side];
        image.CopyPixelDataTo(pixels);
        return pixels;
    }
}
