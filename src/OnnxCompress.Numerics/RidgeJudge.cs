namespace OnnxCompress.Numerics;

/// <summary>Squared errors of weights on moments, in the chain that the weights are in: ||Y - W X||^2.</summary>
public sealed class RidgeJudge
{
    private readonly IDenseChain _chain;
    private readonly ScatterMatrix _normal;
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
        (_normal, _cross) = (new ScatterMatrix(chain, [(normal, chain.Put(normal))]), chain.Put(cross.Transpose()));
    }

    /// <summary>Takes moments that are never formed.</summary>
    /// <param name="chain">Does the work.</param>
    /// <param name="normal">X X^T (n x n).</param>
    /// <param name="cross">X Y^T (n x o).</param>
    /// <param name="energy">||Y||^2.</param>
    internal RidgeJudge(IDenseChain chain, ScatterMatrix normal, Matrix<double> cross, double energy) =>
        (_chain, _normal, _cross, _energy) = (chain, normal, chain.Put(cross), energy);

    /// <summary>||Y - W X||^2; not below zero, and NaN where something is not finite.</summary>
    /// <param name="weights">W transposed (n x o).</param>
    public double ErrorOf(IDenseOperand weights)
    {
        // W N - 2 C, so that large numbers meet before they are summed.
        using var product = _normal.Times(weights);
        _chain.AddScaled(-2, _cross, product);
        return Math.Max(_energy + _chain.Dot(weights, product), 0);
    }
}
