using OnnxCompress.Numerics;

namespace OnnxCompress.Reconstruction;

/// <summary>What was found for one group of a layer.</summary>
/// <param name="Weights"><c>outputs x inputs</c>.</param>
/// <param name="Expand">For a split layer, orthonormal <c>outputs x rank</c>: the weights are <c>Expand (Expand^T Weights)</c>.</param>
/// <param name="Bias">The bias that goes with them; null leaves it as it is.</param>
/// <param name="ErrorBefore">Relative error of the method's weights on rows that were not fitted.</param>
/// <param name="ErrorAfter">The same of these weights.</param>
/// <param name="Ridge">Relative ridge; infinite when the weights are the method's.</param>
/// <param name="UsesDrift">Whether the target holds the drift of the other branch.</param>
internal sealed record LayerSolution(
    Matrix<double> Weights, Matrix<double>? Expand, double[]? Bias, double ErrorBefore, double ErrorAfter, double Ridge, bool UsesDrift)
{
    /// <summary>Whether anything differs from the method's weights.</summary>
    public bool IsChanged => Bias is not null || !double.IsPositiveInfinity(Ridge);
}
