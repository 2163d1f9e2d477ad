// Classifies the images of an .npy file of bytes: dotnet run --project app -- test.npy
using var classifier = new Classifier();
Console.WriteLine($"{new FileInfo(classifier.Model).Length:N0} bytes of model");
if (args is [var path])
{
    var file = File.ReadAllBytes(path);
    var images = file.AsSpan(10 + BitConverter.ToUInt16(file, 8));
    for (var i = 0; i < 10; i++)
    {
        Console.Write($"{classifier.Classify(images.Slice(i * Classifier.Bytes, Classifier.Bytes))} ");
    }

    Console.WriteLine();
}
