using OnnxCompress.Samples;
using OnnxCompress.Verification;

namespace OnnxCompress;

/// <summary>The three parts of the data; see <see cref="SampleSplit"/>.</summary>
/// <param name="Statistics">What curves and weights are made from.</param>
/// <param name="Validation">What plans are compared on; null: the first plan is taken.</param>
/// <param name="Guard">What the smallest model is held against, once; null: validation has the last word.</param>
public sealed record CompressionData(ISampleSource Statistics, ISampleSource? Validation = null, ISampleSource? Guard = null)
{
    /// <summary>
    /// Whether guard and validation samples are parts of the same data. Nothing is fitted to either, so both together make the cautious
    /// agreement of the guard steadier; see <see cref="Verification.VerificationOptions.Beside"/>.
    /// </summary>
    public bool AreOfOneKind { get; init; }

    /// <summary>What the original makes of validation and guard samples.</summary>
    internal ReferenceOutputs Reference { get; } = new();

    /// <summary>The same with changed copies of pictures for statistics.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX3029: no input holds pictures.</exception>
    internal CompressionData With(IReadOnlyList<Augmentation> augmentations) => this with { Statistics = AugmentedSamples.Of(Statistics, augmentations) };
}
