using OnnxCompress.Forms;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.LowRank;

/// <summary>
/// Tucker-2 on measured data: the input directions of <see cref="InputSplit"/>, a small layer between them, and the output
/// directions of <see cref="ResponseSplit"/>. What the output side leaves out is orthogonal to what it keeps, so the
/// squared errors of the two sides add up to a bound.
/// </summary>
/// <param name="backend">Factorises.</param>
internal sealed class TuckerSplit(IDenseBackend backend) : SplitMethod(backend)
{
    private readonly InputSplit _input = new(backend);
    private readonly ResponseSplit _response = new(backend);

    /// <inheritdoc />
    public override SplitForm Form => SplitForm.Tucker;

    /// <inheritdoc />
    public override bool Applies(LayerProblem problem) => problem.Size.Taps > 1 && _input.Applies(problem) && _response.Applies(problem);

    /// <inheritdoc />
    public override IEnumerable<SplitOption> Price(LayerProblem problem)
    {
        var (inner, outer) = (_input.Errors(problem), _response.Errors(problem with { Sensitivity = null }));
        for (var rank = 1; rank <= problem.Size.LargestRank; rank++)
        {
            // Neither side is much worse than the other: one curve instead of a plane of pairs.
            var enter = Math.Max(1, Array.FindIndex(inner, e => e <= outer[rank]));
            if (inner[enter] <= outer[rank])
            {
                yield return new SplitOption(
                    new SplitShape(Form, rank, InnerRank: enter), Math.Min(1, Math.Sqrt((inner[enter] * inner[enter]) + (outer[rank] * outer[rank]))));
            }
        }
    }

    /// <inheritdoc />
    public override SplitFactors Build(LayerProblem problem, SplitShape shape)
    {
        var outer = _response.Build(problem with { Sensitivity = null }, shape with { Form = SplitForm.Response });
        var (enter, rest) = _input.Sides(problem, shape.InnerRank);
        var leave = outer.Chain[1].Weight;
        return new SplitFactors(
            [
                new SplitFactor(enter, problem.Axes(false), 1, Reduce),
                new SplitFactor(Backend.Multiply(leave, rest, Transpose.Yes), problem.Axes(true), 1, Core),
                new SplitFactor(leave, problem.Axes(false), 1, Expand),
            ],
            outer.Offset);
    }
}
