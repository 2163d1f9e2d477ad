using OnnxCompress.Dependencies;

namespace OnnxCompress.Reporting;

/// <summary>A part of the model that is left alone, why, and what would help.</summary>
/// <param name="Node">The node.</param>
/// <param name="Code">The diagnostic's code.</param>
/// <param name="Reason">One sentence.</param>
/// <param name="Parameters">Parameters that this holds back; 0 where the weights shrink with their inputs, or svd takes them.</param>
/// <param name="Help">What would help; null where nothing would.</param>
internal sealed record InspectedRefusal(string Node, string Code, string Reason, long Parameters, string? Help)
{
    /// <summary>A refusal of an analysis.</summary>
    public static InspectedRefusal From(Refusal refusal) => new(refusal.Node, refusal.Code, refusal.Reason, refusal.Parameters, RefusalHelp.Of(refusal.Code));

    /// <summary>The same as other reports have it.</summary>
    public ReportedRefusal Plain => new(Node, Code, Reason, Parameters);
}
