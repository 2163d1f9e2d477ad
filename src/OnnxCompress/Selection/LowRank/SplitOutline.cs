using OnnxCompress.Forms;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.LowRank;

/// <summary>
/// Factors as wide as a split makes them, of values that mean nothing. What a plan costs and how long its model takes do not hang
/// on the values, and a search asks for both far more often than it carries a plan out: factorising for that would be most of it.
/// </summary>
internal static class SplitOutline
{
    /// <summary>The outline of the factors that the form's own method would build.</summary>
    /// <param name="problem">The layer.</param>
    /// <param name="shape">The split.</param>
    public static SplitFactors Of(LayerProblem problem, SplitShape shape)
    {
        var (size, rank, taps) = (problem.Size, shape.Rank, problem.Size.Taps);
        var (all, none) = (problem.Axes(true), problem.Axes(false));
        return shape.Form switch
        {
            SplitForm.Input => Factors(Reduce(rank, size.Inputs, none), Expand(size.Outputs, rank * taps, all)),
            SplitForm.Tucker => Factors(Reduce(shape.InnerRank, size.Inputs, none), Factor(rank, shape.InnerRank * taps, all, SplitMethod.Core), Expand(size.Outputs, rank, none))
                with { Offset = Offset(problem) },
            SplitForm.Spatial => Factors(Reduce(rank, size.Inputs * size.Kernel[0], [true, false]), Expand(size.Outputs, rank * size.Kernel[1], [false, true])),
            SplitForm.Response => Factors(Reduce(rank, size.Columns, all), Expand(size.Outputs, rank, none)) with { Offset = Offset(problem) },
            _ => Factors(Reduce(rank * shape.Groups, size.Columns / shape.Groups, all) with { Groups = shape.Groups }, Expand(size.Outputs, rank * shape.Groups, none)),
        };
    }

    private static SplitFactors Factors(params SplitFactor[] chain) => new(chain);

    private static SplitFactor Reduce(int rows, int columns, bool[] axes) => Factor(rows, columns, axes, SplitMethod.Reduce);

    private static SplitFactor Expand(int rows, int columns, bool[] axes) => Factor(rows, columns, axes, SplitMethod.Expand);

    private static SplitFactor Factor(int rows, int columns, bool[] axes, string suffix)
    {
        var weight = new Matrix<double>(rows, columns);
        // Neither nothing nor next to nothing: kernels may take another time for either.
        for (var i = 0; i < weight.Values.Length; i++)
        {
            weight.Values[i] = ((i % 7) - 3.5) / columns;
        }

        return new SplitFactor(weight, axes, 1, suffix);
    }

    private static double[]? Offset(LayerProblem problem) => problem.TakesMean ? new double[problem.Size.Outputs] : null;
}
