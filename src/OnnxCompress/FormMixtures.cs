using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Precision;

namespace OnnxCompress;

/// <summary>
/// Plans in which some layers have 4 bits, others 8, and channels and ranks go besides. Layers take 8 bits in the order of what that
/// mends for each byte; for each number of them widths and ranks are allocated within what is left of the budget, a weight counting as it
/// is stored. Of these the plan is taken whose errors, of rounding and of removing, are smallest together: there a byte more mends
/// as much in either way.
/// </summary>
/// <param name="plan">The plan of a budget for the numbers of layers.</param>
/// <param name="layers">The layers in the form with fewest bits, with their errors.</param>
internal sealed class FormMixtures(Func<StoredForms, CompressionPlan> plan, IReadOnlyList<LayerPrecision> layers)
{
    /// <summary>Numbers of layers for which plans are allocated, in two rounds.</summary>
    private const int MostCoarse = 7, MostFine = 3;

    /// <summary>What 8 bits leave of the error of 4: their steps are a sixteenth of those.</summary>
    private const double Left = 1.0 / 16;

    // Bytes of a weight with its share of the steps of blocks of 64.
    private const double HalfByte = 0.5625, WideBlock = 1.0625, Byte = 1, Single = 4;

    private readonly Dictionary<int, CompressionPlan?> _plans = [];

    /// <summary>Layers that may have 8 bits in place of 4, those first that mend most for each byte.</summary>
    private readonly LayerPrecision[] _steps =
    [
        .. layers.Where(l => l is { Form: LayerPrecision.Blocks or LayerPrecision.BlockTable, Parameters: > 0 } && Square(l) > 0).OrderByDescending(l => Square(l) / l.Parameters),
    ];

    /// <summary>The plan whose errors are least; null where none meets the budget.</summary>
    /// <param name="removed">What the square of an error of removing counts beside one of rounding: least squares mends some of it.</param>
    public CompressionPlan? Best(double removed)
    {
        int[] coarse = [.. Enumerable.Range(0, MostCoarse).Select(i => i * _steps.Length / (MostCoarse - 1)).Distinct()];
        var best = coarse.MinBy(count => Loss(count, removed));
        // Between the neighbours of the best of them.
        var (low, high) = (coarse.Where(c => c < best).DefaultIfEmpty(0).Max(), coarse.Where(c => c > best).DefaultIfEmpty(_steps.Length).Min());
        for (var look = 0; look < MostFine && high - low > 1; look++)
        {
            var (below, above) = ((low + best) / 2, (best + high + 1) / 2);
            var next = new[] { below, best, above }.Distinct().MinBy(count => Loss(count, removed));
            (low, high) = next < best ? (low, best) : next > best ? (best, high) : (below, above);
            best = next;
        }

        return double.IsFinite(Loss(best, removed)) ? _plans[best] : null;
    }

    private static double Square(LayerPrecision layer) => (layer.OwnError ?? layer.Error) is { } error ? error * error : 0;

    private double Loss(int count, double removed)
    {
        if (!_plans.TryGetValue(count, out var made))
        {
            _plans[count] = made = Allocated(count);
        }

        if (made is null)
        {
            return double.PositiveInfinity;
        }

        var rounding = layers.Sum(Square) - (_steps.Take(count).Sum(Square) * (1 - (Left * Left)));
        return rounding + (removed * made.Sites.Sum(s => s.PredictedError * s.PredictedError));
    }

    private CompressionPlan? Allocated(int count)
    {
        var wider = _steps.Take(count).ToDictionary(l => l.Layer, _ => NumberForm.Int8, StringComparer.Ordinal);
        var bytes = layers.ToDictionary(l => l.Layer, l => BytesOf(l, wider.ContainsKey(l.Layer)), StringComparer.Ordinal);
        try
        {
            return plan(new StoredForms(bytes, wider));
        }
        catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.BudgetOutOfReach)
        {
            return null;
        }
    }

    private static double BytesOf(LayerPrecision layer, bool isWider) => (layer.Form, isWider) switch
    {
        (LayerPrecision.Blocks, false) or (LayerPrecision.BlockTable, false) => HalfByte,
        (LayerPrecision.Blocks, true) or (LayerPrecision.WideBlocks, _) => WideBlock,
        (LayerPrecision.Float, _) => Single,
        _ => Byte,
    };
}
