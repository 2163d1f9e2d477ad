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

    private readonly Dictionary<string, CompressionPlan?> _plans = new(StringComparer.Ordinal);

    private readonly LayerPrecision[] _narrow = [.. layers.Where(l => l is { Form: LayerPrecision.Blocks or LayerPrecision.BlockTable, Parameters: > 0 } && Square(l) > 0)];

    /// <summary>The plan whose errors are least; null where none meets the budget.</summary>
    /// <param name="removed">What the square of an error of removing counts beside one of rounding: least squares mends some of it.</param>
    public CompressionPlan? Best(double removed)
    {
        // What mends most for each byte goes first; or what mends most at all, as a table that is half of the model.
        LayerPrecision[] cheap = [.. _narrow.OrderByDescending(l => Square(l) / l.Parameters)], worst = [.. _narrow.OrderByDescending(Square)];
        var found = Best(cheap, removed);
        return cheap.AsSpan().SequenceEqual(worst) ? found.Plan : new[] { found, Best(worst, removed) }.MinBy(f => f.Loss).Plan;
    }

    private (CompressionPlan? Plan, double Loss) Best(LayerPrecision[] steps, double removed)
    {
        var losses = new Dictionary<int, double>();
        double Loss(int count) => losses.TryGetValue(count, out var known) ? known : losses[count] = LossOf(steps.AsSpan(0, count), removed);
        int[] coarse = [.. Enumerable.Range(0, MostCoarse).Select(i => i * steps.Length / (MostCoarse - 1)).Distinct()];
        var best = coarse.MinBy(Loss);
        // Between the neighbours of the best of them.
        var (low, high) = (coarse.Where(c => c < best).DefaultIfEmpty(0).Max(), coarse.Where(c => c > best).DefaultIfEmpty(steps.Length).Min());
        for (var look = 0; look < MostFine && high - low > 1; look++)
        {
            var (below, above) = ((low + best) / 2, (best + high + 1) / 2);
            var next = new[] { below, best, above }.Distinct().MinBy(Loss);
            (low, high) = next < best ? (low, best) : next > best ? (best, high) : (below, above);
            best = next;
        }

        return (Planned(steps.AsSpan(0, best)), Loss(best));
    }

    private static double Square(LayerPrecision layer) => (layer.OwnError ?? layer.Error) is { } error ? error * error : 0;

    private double LossOf(ReadOnlySpan<LayerPrecision> wider, double removed)
    {
        if (Planned(wider) is not { } made)
        {
            return double.PositiveInfinity;
        }

        var rounding = layers.Sum(Square);
        foreach (var layer in wider)
        {
            rounding -= Square(layer) * (1 - (Left * Left));
        }

        return rounding + (removed * made.Sites.Sum(s => s.PredictedError * s.PredictedError));
    }

    private CompressionPlan? Planned(ReadOnlySpan<LayerPrecision> chosen)
    {
        var wider = new Dictionary<string, NumberForm>(StringComparer.Ordinal);
        foreach (var layer in chosen)
        {
            wider.Add(layer.Layer, NumberForm.Int8);
        }

        var key = string.Join('\n', wider.Keys.Order(StringComparer.Ordinal));
        return _plans.TryGetValue(key, out var known) ? known : _plans[key] = Allocated(wider);
    }

    private CompressionPlan? Allocated(Dictionary<string, NumberForm> wider)
    {
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
