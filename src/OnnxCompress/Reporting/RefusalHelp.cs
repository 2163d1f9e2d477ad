using OnnxCompress.Diagnostics;

namespace OnnxCompress.Reporting;

/// <summary>For each reason why something is left alone, what a user can do about it.</summary>
internal static class RefusalHelp
{
    /// <summary>One sentence; null where nothing helps.</summary>
    public static string? Of(string code) => code switch
    {
        DiagnosticCodes.ReachesOutput => "svd can split the layer; its outputs are what the model answers.",
        DiagnosticCodes.TiedToInput or DiagnosticCodes.ProductOfActivations or DiagnosticCodes.AxesMerged or DiagnosticCodes.NormalizedAxis
            or DiagnosticCodes.AxisNotChannels or DiagnosticCodes.NoConsumer => "svd can split such layers where their weight is their own.",
        DiagnosticCodes.WeightShared => "A copy of the weight for each layer would let it go, at the cost of a copy.",
        DiagnosticCodes.OperatorNotMapped => "Export with standard operators, or tell us which operator it is.",
        DiagnosticCodes.EntersSubgraph => "Export the model without control flow, one model for each branch.",
        DiagnosticCodes.BranchNotTaken => "Compress the result once more with samples that all take that branch.",
        DiagnosticCodes.WeightReplaceable => "Export with keep_initializers_as_inputs=False.",
        DiagnosticCodes.WeightNotConstant => "Fold constants first, for instance with ONNX Runtime's offline optimisation.",
        DiagnosticCodes.ShapeUnknown => "Give data, or --shape, that reach the node.",
        DiagnosticCodes.NotSelected => "Change --include or --exclude.",
        DiagnosticCodes.WeightNotFinite => "Export a sound checkpoint.",
        DiagnosticCodes.WeightSparse => "Store the weight as an ordinary initializer.",
        DiagnosticCodes.WeightQuantised => "Compress the model before it is quantised, or ask for --precision int8 or int4: then it is read as floating point and written back in whole numbers.",
        _ => null,
    };
}
