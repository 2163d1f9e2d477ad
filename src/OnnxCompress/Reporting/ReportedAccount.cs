using OnnxCompress.Dependencies;

namespace OnnxCompress.Reporting;

/// <summary>Every parameter of a file, once.</summary>
/// <param name="InGroups">Weights that channel groups thin out.</param>
/// <param name="OnlySplittable">Weights whose channels stay, but that svd takes.</param>
/// <param name="Quantised">Weights that are stored as integers already.</param>
/// <param name="Refused">Weights that stay as they are: the sum over what is refused.</param>
/// <param name="NotWeights">Biases, scales and numbers that no layer multiplies with.</param>
/// <param name="Total">All of them.</param>
internal sealed record ReportedAccount(long InGroups, long OnlySplittable, long Quantised, long Refused, long NotWeights, long Total)
{
    /// <summary>The account of an analysis.</summary>
    public static ReportedAccount From(ParameterAccount account) =>
        new(account.InGroups, account.OnlySplittable, account.Quantised, account.Refused, account.NotWeights, account.Total);
}
