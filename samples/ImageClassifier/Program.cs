using System.Globalization;
using System.Reflection;
using ImageClassifier;

// The compressed model comes out of the assembly, as in an app that ships as one file.
using var compressed = new Classifier(Resource("ImageClassifier.glyphs.onnx"));
var classes = System.Text.Encoding.UTF8.GetString(Resource("classes.txt")).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
var images = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "images"), "*.png").Order(StringComparer.Ordinal).ToArray();

Console.WriteLine("image           label  compressed");
foreach (var path in images)
{
    var name = Path.GetFileNameWithoutExtension(path);
    var decided = compressed.Classify(GreyPicture.Read(path));
    Console.WriteLine($"{name,-14}  {name.Split('_')[^1],-5}  {classes[decided]}");
}

// The original is not part of the app; with its path and a set of images as arguments the two are compared.
if (args is not [var original, var samples])
{
    Console.WriteLine("To compare with the original: dotnet run --project samples/ImageClassifier -c Release -- samples/Glyphs/glyphs.onnx samples/Glyphs/test.npy");
    return;
}

using var before = new Classifier(File.ReadAllBytes(original));
var comparison = Comparison.Of(before, compressed, ByteImages.Read(samples));
string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
Console.WriteLine();
Console.WriteLine(Line($"size       {before.Bytes:N0} -> {compressed.Bytes:N0} bytes ({100.0 * compressed.Bytes / before.Bytes:F1}%)"));
Console.WriteLine(Line($"agreement  {comparison.Agreeing:N0} of {comparison.Images:N0} images ({100.0 * comparison.Agreeing / comparison.Images:F2}%)"));
Console.WriteLine(Line($"speed      {comparison.OriginalMs:F2} -> {comparison.CompressedMs:F2} ms an image, medians in turn ({comparison.OriginalMs / comparison.CompressedMs:F2} times as fast)"));

static byte[] Resource(string name)
{
    using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
        ?? throw new InvalidOperationException($"The app has no resource '{name}'.");
    var bytes = new byte[stream.Length];
    stream.ReadExactly(bytes);
    return bytes;
}
