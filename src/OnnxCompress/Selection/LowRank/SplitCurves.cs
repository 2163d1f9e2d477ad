using OnnxCompress.Forms;
using OnnxCompress.Numerics;
using OnnxCompress.Timing;

namespace OnnxCompress.Selection.LowRank;

/// <summary>Which splits a layer offers, with the error of each.</summary>
internal static class SplitCurves
{
    /// <summary>All splits of a layer that pay.</summary>
    /// <param name="problem">The layer.</param>
    /// <param name="forms">Forms to try. A layer that none of them can be made of offers plain SVD.</param>
    /// <param name="alignment">What ranks of forms with one group are held to, by the ranks that the form can have.</param>
    /// <param name="backend">Factorises.</param>
    public static IReadOnlyList<SplitOption> Of(LayerProblem problem, IReadOnlyList<SplitForm> forms, WidthAlignment alignment, IDenseBackend backend)
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

        var onData = problem;
        if (Array.Exists(methods, m => m.Form == SplitForm.Spatial))
        {
            onData = problem with { Weight = problem.WeightOnData(backend) };
        }

        var options = methods.ToDictionary(m => m.Form, m => m.Price(m.Form == SplitForm.Spatial ? onData : problem).ToArray());
        if (options.TryGetValue(SplitForm.Response, out var measured) && options.TryGetValue(SplitForm.Spatial, out var spatial))
        {
            var scale = DataOverWhite(onData, measured, backend);
            options[SplitForm.Spatial] = [.. spatial.Select(o => o with { Error = o.Error * scale })];
        }

        return [.. options.Values.SelectMany(o => o).Where(o => IsLiked(o.Shape, problem.Size, alignment) && SplitCost.Of(o.Shape, problem.Size).Pays(problem.Size))];
    }

    /// <summary>
    /// How much smaller errors are on the layer's data than on white inputs: the measured errors of the response form over
    /// those that weights alone state at the same ranks. A common scale for errors that only weights can state.
    /// </summary>
    private static double DataOverWhite(LayerProblem problem, IEnumerable<SplitOption> measured, IDenseBackend backend)
    {
        var white = new PlainSplit(backend).Price(problem).ToDictionary(o => o.Shape.Rank, o => o.Error);
        var (data, weights) = (0.0, 0.0);
        foreach (var option in measured.Where(o => white.ContainsKey(o.Shape.Rank)))
        {
            data += option.Error;
            weights += white[option.Shape.Rank];
        }

        return weights > 0 ? data / weights : 1;
    }

    private static bool IsLiked(SplitShape shape, LayerSize size, WidthAlignment alignment)
    {
        bool Likes(int rank) => rank == 0 || alignment.Likes(rank, size.LargestRankOf(shape.Form), isConvolved: size.Kernel.Length > 0);
        return shape.Groups > 1 || (Likes(shape.Rank) && Likes(shape.InnerRank));
    }
}
