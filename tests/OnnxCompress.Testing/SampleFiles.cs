namespace OnnxCompress.Testing;

/// <summary>The trained model and the data that are part of the repository, in <c>samples/Glyphs</c>.</summary>
public static class SampleFiles
{
    /// <summary>The factor that brings the stored bytes to what the model was trained on.</summary>
    public const string Scale = "0.00392156862745098";

    /// <summary>The model: input <c>image</c>, float <c>batch,1,28,28</c>; output <c>logits</c>.</summary>
    public static string Model => RepositoryFiles.Path("samples", "Glyphs", "glyphs.onnx");

    /// <summary>Unlabelled images, uint8.</summary>
    public static string Calibration => RepositoryFiles.Path("samples", "Glyphs", "calibration.npy");

    /// <summary>Images that the model was not trained on, uint8.</summary>
    public static string Test => RepositoryFiles.Path("samples", "Glyphs", "test.npy");

    /// <summary>Their classes, int64.</summary>
    public static string TestLabels => RepositoryFiles.Path("samples", "Glyphs", "test_labels.npy");
}
