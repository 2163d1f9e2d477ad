namespace OnnxCompress.Dependencies;

/// <summary>Every parameter of a file, once: what methods reach, and what they do not and why. The sum is the file.</summary>
/// <param name="InGroups">Weights that channel groups thin out, what is carried along included.</param>
/// <param name="OnlySplittable">Weights whose channels stay, but that low-rank splits take.</param>
/// <param name="Quantised">Weights that are stored as integers already.</param>
/// <param name="Refused">Weights that stay as they are; each lies in one of the refusals.</param>
/// <param name="NotWeights">Constants that no layer multiplies with: biases, scales, numbers.</param>
internal sealed record ParameterAccount(long InGroups, long OnlySplittable, long Quantised, long Refused, long NotWeights)
{
    /// <summary>All of them.</summary>
    public long Total => InGroups + OnlySplittable + Quantised + Refused + NotWeights;
}
