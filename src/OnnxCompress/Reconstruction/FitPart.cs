namespace OnnxCompress.Reconstruction;

/// <summary>What one batch gives a layer's least squares.</summary>
/// <param name="Rows">Which rows of the layer's output.</param>
/// <param name="OutputDims">Shape of that output.</param>
/// <param name="Input">What the layer reads.</param>
/// <param name="InputDims">Its shape.</param>
/// <param name="Targets">One row for each of <paramref name="Rows"/>, one column for each output.</param>
/// <param name="Drift">The same; null without drift.</param>
/// <param name="Beside">What the original has beside the layer's output; null without drift.</param>
internal sealed record FitPart(
    int[] Rows, IReadOnlyList<long> OutputDims, float[] Input, IReadOnlyList<long> InputDims, float[] Targets, float[]? Drift, float[]? Beside)
{
    /// <summary>Told once nothing of it is read any more.</summary>
    public Action? Done { get; init; }
}
