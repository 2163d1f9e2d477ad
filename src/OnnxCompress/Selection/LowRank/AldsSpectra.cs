using OnnxCompress.Forms;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.LowRank;

/// <summary>Singular values of the slices of one layer's weight for every number of groups, computed when first asked for.</summary>
/// <param name="problem">The layer.</param>
/// <param name="backend">Factorises.</param>
internal sealed class AldsSpectra(LayerProblem problem, IDenseBackend backend)
{
    private readonly Dictionary<int, double[]> _largest = [];
    private double? _norm;

    /// <summary>The layer's size.</summary>
    public LayerSize Size => problem.Size;

    /// <summary>The bound for ranks 0, 1, ... of each group; 0 at full rank.</summary>
    /// <param name="groups">Groups of input channels; must divide them.</param>
    /// <param name="asReleased">Without <c>sqrt(g)</c>, as the authors' released code has it: a lower bound.</param>
    public double[] Bounds(int groups, bool asReleased = false)
    {
        var norm = _norm ??= Largest(1)[0];
        var factor = asReleased ? 1 : Math.Sqrt(groups);
        return [.. Largest(groups).Append(0).Select(v => norm > 0 ? factor * v / norm : 0)];
    }

    /// <summary>The largest j-th singular value of any slice, for every j.</summary>
    private double[] Largest(int groups)
    {
        if (_largest.TryGetValue(groups, out var known))
        {
            return known;
        }

        var largest = new double[Math.Min(problem.Weight.Rows, problem.Weight.Columns / groups)];
        for (var g = 0; g < groups; g++)
        {
            var squares = SplitMethod.SquaredValues(AldsSplit.SliceOf(problem.Weight, g, groups), backend);
            for (var j = 0; j < largest.Length; j++)
            {
                largest[j] = Math.Max(largest[j], Math.Sqrt(squares[j]));
            }
        }

        return _largest[groups] = largest;
    }
}
