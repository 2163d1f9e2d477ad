using OnnxCompress.Forms;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.LowRank;

/// <summary>
/// ALDS (Liebenwein et al. 2021, sections 3.1 and 3.2): the input channels in g equal groups, the slice of the weight of
/// each decomposed to rank j. A grouped convolution with <c>g * j</c> outputs, then a 1x1. Stated error: the bound
/// <c>sqrt(g) / s_1(W) * max_i s_{j+1}(W_i)</c> on the relative operator norm of the weight's error; their released code
/// leaves out <c>sqrt(g)</c>, which makes it a lower bound. Matrix products have no grouped form: there, g = 1.
/// </summary>
/// <param name="backend">Factorises.</param>
internal sealed class AldsSplit(IDenseBackend backend) : SplitMethod(backend)
{
    /// <inheritdoc />
    public override SplitForm Form => SplitForm.Alds;

    /// <inheritdoc />
    public override bool Applies(LayerProblem problem) => true;

    /// <summary>The numbers of groups that a layer can have: the divisors of its input channels, ascending.</summary>
    public static int[] GroupsOf(LayerSize size) =>
        size.Kernel.Length == 0 ? [1] : [.. Enumerable.Range(1, size.Inputs).Where(g => size.Inputs % g == 0)];

    /// <inheritdoc />
    public override IEnumerable<SplitOption> Price(LayerProblem problem)
    {
        var spectra = problem.Spectra ?? new AldsSpectra(problem, Backend);
        return GroupsOf(problem.Size).SelectMany(g => spectra.Bounds(g).Select((bound, j) => new SplitOption(new SplitShape(Form, j, g), bound)).Skip(1));
    }

    /// <inheritdoc />
    public override SplitFactors Build(LayerProblem problem, SplitShape shape)
    {
        var (outputs, width) = (problem.Size.Outputs, problem.Size.Columns / shape.Groups);
        var reduce = new Matrix<double>(shape.Groups * shape.Rank, width);
        var expand = new Matrix<double>(outputs, shape.Groups * shape.Rank);
        for (var g = 0; g < shape.Groups; g++)
        {
            var (left, right) = Truncated(SliceOf(problem.Weight, g, shape.Groups), shape.Rank);
            for (var j = 0; j < shape.Rank; j++)
            {
                right.Row(j).CopyTo(reduce.Row((g * shape.Rank) + j));
                for (var o = 0; o < outputs; o++)
                {
                    expand[o, (g * shape.Rank) + j] = left[o, j];
                }
            }
        }

        return new SplitFactors(
            [new SplitFactor(reduce, problem.Axes(true), shape.Groups, Reduce), new SplitFactor(expand, problem.Axes(false), 1, Expand)]);
    }

    /// <summary>The columns of one group of input channels.</summary>
    public static Matrix<double> SliceOf(Matrix<double> weight, int group, int groups)
    {
        var width = weight.Columns / groups;
        var slice = new Matrix<double>(weight.Rows, width);
        for (var i = 0; i < weight.Rows; i++)
        {
            weight.Row(i).Slice(group * width, width).CopyTo(slice.Row(i));
        }

        return slice;
    }
}
