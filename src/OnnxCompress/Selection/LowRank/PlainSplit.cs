using OnnxCompress.Forms;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.LowRank;

/// <summary>
/// Truncated SVD of the weight, <c>W ~ U_r S_r V_r^T</c>: the best rank-r weight (Eckart, Young, Mirsky), and the best
/// layer for white inputs. Reads no data.
/// </summary>
/// <param name="backend">Factorises.</param>
internal sealed class PlainSplit(IDenseBackend backend) : SplitMethod(backend)
{
    /// <inheritdoc />
    public override SplitForm Form => SplitForm.Plain;

    /// <inheritdoc />
    public override bool Applies(LayerProblem problem) => true;

    /// <inheritdoc />
    public override IEnumerable<SplitOption> Price(LayerProblem problem)
    {
        var carried = SquaredValues(problem.Weight, Backend);
        var errors = ErrorsOf(carried, carried.Sum());
        return Enumerable.Range(1, problem.Size.LargestRank).Select(r => new SplitOption(new SplitShape(Form, r), errors[r]));
    }

    /// <inheritdoc />
    public override SplitFactors Build(LayerProblem problem, SplitShape shape)
    {
        var (left, right) = Truncated(problem.Weight, shape.Rank);
        return new SplitFactors(
            [new SplitFactor(right, problem.Axes(true), 1, Reduce), new SplitFactor(left, problem.Axes(false), 1, Expand)]);
    }
}
