using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress;

/// <summary>What of a model could go, before any data are read.</summary>
internal static class RemovableSites
{
    /// <summary>Fails at once where nothing can go and something must: calibration would find no more.</summary>
    /// <param name="prepared">The model.</param>
    /// <param name="options">What the user said.</param>
    /// <exception cref="OnnxCompressException">OCX5001.</exception>
    public static void Require(PreparedModel prepared, CompressionOptions options)
    {
        var isAsked = options is { Plan: null, RemovesNothing: false } && StageOptions.Precision(options) == NumberForm.Float;
        // What simplification leaves out may be enough.
        var simplified = new ModelCost(ParameterCount.Of(prepared.Model), prepared.Analysis.Macs, prepared.Model.Bytes);
        if (isAsked && options.Budget.Exceeded(simplified, prepared.Original) is not null && !prepared.Analysis.Narrowed.Any() && SplitSites.Find(prepared.Analysis).Count == 0)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.BudgetOutOfReach, "No layer of this model has channels or ranks that can go, and the budget asks for some; 'inspect' says what is refused, and why.");
        }
    }
}
