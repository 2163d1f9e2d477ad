using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.LowRank;

/// <summary>Which splits a layer offers, with the error of each.</summary>
internal static class SplitCurves
{
    /// <summary>
    /// The forms that are tried. Left to itself the tool takes the one whose stated error is exact: the response form with
    /// data, ALDS as published without. The others state surrogates for kernels above 1x1 (input, Tucker-2) or errors of
    /// white inputs (plain, spatial); put beside the exact error they win layers that they should lose.
    /// </summary>
    /// <param name="wanted">The form the user asked for; null leaves the choice to the tool.</param>
    /// <param name="withData">Whether weights may be made from statistics.</param>
    public static IReadOnlyList<SplitForm> Forms(SplitForm? wanted, bool withData) =>
        [wanted ?? (withData ? SplitForm.Response : SplitForm.Alds)];

    /// <summary>All splits of a layer that pay.</summary>
    /// <param name="problem">The layer.</param>
    /// <param name="forms">Forms to try. A layer that none of them can be made of offers plain SVD.</param>
    /// <param name="alignment">Ranks of forms with one group are multiples of this.</param>
    /// <param name="backend">Factorises.</param>
    public static IReadOnlyList<SplitOption> Of(LayerProblem problem, IReadOnlyList<SplitForm> forms, int alignment, IDenseBackend backend)
    {
        if (problem.Size.LargestRank < 2)
        {
            return [];
        }

        SplitMethod[] methods = [.. forms.Select(f => SplitMethod.Of(f, backend)).Where(m => m.Applies(problem))];
        if (methods.Length == 0)
        {
            methods = [new PlainSplit(backend)];
        }

        return [.. methods.SelectMany(m => m.Price(problem)).Where(o => IsAligned(o.Shape, alignment) && SplitCost.Of(o.Shape, problem.Size).Pays(problem.Size))];
    }

    private static bool IsAligned(SplitShape shape, int alignment) =>
        shape.Groups > 1 || (shape.Rank % alignment == 0 && shape.InnerRank % alignment == 0);
}
