using OnnxCompress.Samples;

namespace OnnxCompress.Reporting;

/// <summary>What was declared about the data: an app that feeds the model must do the same.</summary>
/// <param name="Layout"><c>nchw</c> or <c>nhwc</c>: what images are stored as.</param>
/// <param name="Scale">Factor on stored values; <c>(x * scale - mean) / std</c>.</param>
/// <param name="Mean">One value, or one for each channel; empty: 0.</param>
/// <param name="Std">One value, or one for each channel; empty: 1.</param>
/// <param name="Resize">What pictures are resized to, for instance <c>256</c> or <c>224x320</c>; null: as they are.</param>
/// <param name="ResizeFilter"><c>bilinear</c>, <c>bicubic</c> or <c>lanczos</c>; null where nothing is resized.</param>
/// <param name="Crop">What the middle of pictures is cropped to; null: all of them.</param>
public sealed record ReportedPreprocessing(
    string Layout, double Scale, IReadOnlyList<double> Mean, IReadOnlyList<double> Std, string? Resize, string? ResizeFilter, string? Crop)
{
    /// <summary>The settings as they are reported.</summary>
    public static ReportedPreprocessing From(TensorLayout layout, Preprocessing preprocessing) => new(
        layout.ToString().ToLowerInvariant(),
        preprocessing.Scale,
        preprocessing.Mean,
        preprocessing.Std,
        preprocessing.Resize?.ToString(),
        preprocessing.Resize is null ? null : preprocessing.ResizeFilter.ToString().ToLowerInvariant(),
        preprocessing.Crop?.ToString());
}
