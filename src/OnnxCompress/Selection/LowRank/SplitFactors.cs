namespace OnnxCompress.Selection.LowRank;

/// <summary>The thin layers that stand for one layer.</summary>
/// <param name="Chain">In the order the data meets them.</param>
/// <param name="Offset">
/// What is added to the layer's bias, one value for each output: <c>(I - U U^T) (mean - bias)</c> of the response form;
/// null when the bias stays as it is.
/// </param>
internal sealed record SplitFactors(IReadOnlyList<SplitFactor> Chain, double[]? Offset = null);
