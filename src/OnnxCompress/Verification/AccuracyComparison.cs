namespace OnnxCompress.Verification;

/// <summary>Both models against labels, sample by sample.</summary>
/// <param name="Original">Share of samples that the original gets right.</param>
/// <param name="Compressed">Share of samples that the compressed model gets right.</param>
/// <param name="OnlyOriginal">Samples that only the original gets right.</param>
/// <param name="OnlyCompressed">Samples that only the compressed model gets right.</param>
public sealed record AccuracyComparison(double Original, double Compressed, long OnlyOriginal, long OnlyCompressed)
{
    /// <summary>Exact McNemar p-value: how likely a difference like this is between equally good models.</summary>
    public double PValue => McNemarTest.ExactPValue(OnlyOriginal, OnlyCompressed);
}
