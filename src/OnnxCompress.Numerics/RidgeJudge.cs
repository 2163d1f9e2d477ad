namespace OnnxCompress.Numerics;

/// <summary>Squared errors of weights on moments, in the chain that the weights are in: ||Y - W X||^2.</summary>
public sealed class RidgeJudge
{
    private readonly IDenseChain _chain;
    private readonly IDenseOperand _normal;
    private readonly IDenseOperand _cross;
    private readonly double _energy;

    /// <summary>Puts the moments into the chain.</summary>
    /// <param name="chain">Does the work.</param>
    /// <param name="normal">X X^T (n x n); must not change while the chain is open.</param>
    /// <param name="cross">Y X^T (o x n).</param>
    /// <param name="energy">||Y||^2.</param>
    public RidgeJudge(IDenseChain chain, Matrix<double> normal, Matrix<double> cross, double energy)
    {
        ArgumentNullException.ThrowIfNull(chain);
        ArgumentNullException.ThrowIfNull(normal);
        ArgumentNullException.ThrowIfNull(cross);
        (_chain, _energy) = (chain, energy);
        (_normal, _cross) = (chain.Put(normal), chain.Put(cross.Transpose()));
    }

    /// <summary>||Y - W X||^2; not below zero, and NaN where something is not finite.</summary>
    /// <param name="weights">W transposed (n x o).</param>
    public double ErrorOf(IDenseOperand weights)
    {
        // W N - 2 C, so that large numbers meet before they are summed.
        using var product = _chain.Product(_normal, Transpose.No, weights, Transpose.No);
        _chain.AddScaled(-2, _cross, product);
        return Math.Max(_energy + _chain.Dot(weights, product), 0);
    }
}
