using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.LowRank;

/// <summary>
/// How much a model's outputs feel of the errors of its layers: with M = J^T J, of derivatives summed over samples and positions, and G the
/// covariance of a layer's outputs, a relative error e of all directions alike is <c>e sqrt(tr(M G))</c> at the model's outputs.
/// </summary>
internal static class FeltErrors
{
    /// <summary>By layer, over the geometric mean of all; none where derivatives by some layers are not known, which cannot be compared then.</summary>
    /// <param name="model">The model.</param>
    /// <param name="analysis">Its analysis.</param>
    /// <param name="statistics">Its statistics.</param>
    public static IReadOnlyDictionary<string, double> Of(OnnxModel model, ModelAnalysis analysis, CalibrationStatistics statistics)
    {
        var problems = new LayerProblems(analysis, statistics);
        var felt = SplitSites.Find(analysis).ToDictionary(l => l.Node.Name, l => Felt(problems.Of(l, model.Graph)), StringComparer.Ordinal);
        if (felt.Count == 0 || felt.Values.Any(v => !(v > 0)))
        {
            return new Dictionary<string, double>(StringComparer.Ordinal);
        }

        var mean = Math.Exp(felt.Values.Average(Math.Log));
        return felt.ToDictionary(f => f.Key, f => f.Value / mean, StringComparer.Ordinal);
    }

    private static double Felt(LayerProblem problem)
    {
        if (problem is not { Output: { Rows: > 0 } output, Sensitivity: { Rows: > 0 } sensitivity })
        {
            return 0;
        }

        var total = output.Total();
        Matrix<double> gram = problem.OutputMoments(total, total).Gram;
        var derivatives = sensitivity.Total().Gram;
        double sum = 0;
        for (var i = 0; i < derivatives.Length; i++)
        {
            sum += derivatives[i] * gram.Values[i];
        }

        return Math.Sqrt(Math.Max(0, sum / total.Rows));
    }
}
