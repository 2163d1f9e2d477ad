using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Vocabularies;

namespace OnnxCompress.Reporting;

/// <summary>Makes <see cref="InspectionReport"/>s.</summary>
internal static class InspectionReports
{
    /// <summary>Says what is in a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="analysis">What was found in it.</param>
    /// <param name="assumed">Shapes that were assumed, as they would be typed.</param>
    /// <param name="tool">Version of the tool.</param>
    public static InspectionReport Create(OnnxModel model, ModelAnalysis analysis, IReadOnlyList<string> assumed, string tool) => new()
    {
        Tool = tool,
        Model = new(Path.GetFileName(model.SourcePath) ?? "", model.SourceSha256),
        Original = new(analysis.Parameters, analysis.Macs, model.FileBytes, LatencyMs: null),
        Account = ReportedAccount.From(analysis.Account!),
        Opset = model.Opset,
        Inputs = [.. model.Inputs.Select(input => input.ToString())],
        Assumed = assumed,
        Outputs = [.. model.Outputs.Select(output => output.ToString())],
        Operators =
        [
            .. model.Graph.Nodes
                .GroupBy(node => node.Domain.Length == 0 ? node.OpType : $"{node.Domain}.{node.OpType}", StringComparer.Ordinal)
                .Select(group => new ReportedOperator(group.Key, group.Count()))
                .OrderByDescending(entry => entry.Count)
                .ThenBy(entry => entry.Operator, StringComparer.Ordinal),
        ],
        Groups = [.. analysis.Narrowed.Concat(analysis.Branches).Select(group => new ReportedGroup(group.Name, group.Channels, group.Producers, group.Carried, group.Consumers))],
        Tables = Tables(model),
        Refused = [.. analysis.Refusals.Select(InspectedRefusal.From)],
    };

    private static IReadOnlyList<InspectedTable> Tables(OnnxModel model)
    {
        var (tables, refused) = LookedUpTables.Find(model, new IndexValues(model.Graph));
        return
        [
            .. tables.Select(t => new InspectedTable(t.Name, t.Inputs, t.Rows, t.Parameters, Reason: null)),
            .. refused.Select(r => new InspectedTable(r.Node, [], Rows: null, r.Parameters, r.Reason)),
        ];
    }
}
