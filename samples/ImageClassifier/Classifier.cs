using Microsoft.ML.OnnxRuntime;

namespace ImageClassifier;

/// <summary>A classifier of 28 x 28 grey images.</summary>
internal sealed class Classifier : IDisposable
{
    /// <summary>Rows and columns of an image.</summary>
    public const int Side = 28;

    private static readonly long[] Shape = [1, 1, Side, Side];
    private static readonly string[] Inputs = ["image"];
    private static readonly string[] Outputs = ["logits"];

    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly float[] _pixels = new float[Side * Side];

    /// <summary>Loads a model.</summary>
    /// <param name="model">The bytes of an .onnx file.</param>
    public Classifier(byte[] model)
    {
        Bytes = model.Length;
        _session = new InferenceSession(model);
    }

    /// <summary>The size of the model.</summary>
    public long Bytes { get; }

    /// <summary>The class of an image.</summary>
    /// <param name="image">28 x 28 grey values, row by row.</param>
    /// <returns>The index of the largest logit.</returns>
    public int Classify(ReadOnlySpan<byte> image)
    {
        for (var i = 0; i < _pixels.Length; i++)
        {
            _pixels[i] = image[i] / 255f;
        }

        using var input = OrtValue.CreateTensorValueFromMemory(_pixels, Shape);
        using var results = _session.Run(_options, Inputs, [input], Outputs);
        var logits = results[0].GetTensorDataAsSpan<float>();
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            best = logits[i] > logits[best] ? i : best;
        }

        return best;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _options.Dispose();
        _session.Dispose();
    }
}
