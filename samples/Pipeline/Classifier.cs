using Microsoft.ML.OnnxRuntime;

/// <summary>A classifier of 28 x 28 grey images, from the model beside the app.</summary>
internal sealed class Classifier : IDisposable
{
    /// <summary>Bytes of an image.</summary>
    public const int Bytes = 28 * 28;

    private readonly InferenceSession _session;

    /// <summary>Loads the model.</summary>
    public Classifier()
    {
        // From where the app lies: a relative path would mean the current directory, which in development is another one.
        Model = Path.Combine(AppContext.BaseDirectory, "models/glyphs.onnx");
        _session = new InferenceSession(Model);
    }

    /// <summary>The model's file.</summary>
    public string Model { get; }

    /// <summary>The index of the largest logit.</summary>
    public int Classify(ReadOnlySpan<byte> image)
    {
        var pixels = new float[Bytes];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = image[i] / 255f;
        }

        using var options = new RunOptions();
        using var input = OrtValue.CreateTensorValueFromMemory(pixels, [1, 1, 28, 28]);
        using var results = _session.Run(options, ["image"], [input], ["logits"]);
        var logits = results[0].GetTensorDataAsSpan<float>();
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            best = logits[i] > logits[best] ? i : best;
        }

        return best;
    }

    /// <inheritdoc />
    public void Dispose() => _session.Dispose();
}
