namespace OnnxCompress.Verification.Decisions;

/// <summary>The pixels of a sample that two models decide differently.</summary>
/// <param name="Sample">The sample's index.</param>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Changed">For each pixel, row after row, whether it changed.</param>
/// <param name="Count">How many changed.</param>
/// <param name="Counted">How many count.</param>
internal sealed record PixelChanges(int Sample, int Width, bool[] Changed, int Count, int Counted)
{
    /// <summary>The share that changed.</summary>
    public double Share => (double)Count / Counted;
}
