using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// LSTM, GRU and RNN read their input through one linear map, so input channels can go; the hidden state feeds back
/// through gates and stays.
/// </summary>
internal sealed class RecurrentRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["LSTM", "GRU", "RNN"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var sentence = $"they are the state of '{node.Name}' ({node.OpType})";
        var input = relations.Axes(node.Inputs[0]);
        var weight = node.Inputs[1];
        if (LinearMap.Of(node, relations.Graph) is not { } map || relations.Graph.Constant(weight)!.Dims[0] != 1)
        {
            // Two directions have two weights for one input; one mixing for both is not worked out.
            var read = relations.Graph.Constant(weight) is null ? "with a weight that is computed" : "in two directions, with a weight for each";
            relations.Pin(relations.Axes(node.Inputs[0]), DiagnosticCodes.RecurrentState, node.Name, $"'{node.Name}' ({node.OpType}) reads them {read}");
            relations.Opaque(node, DiagnosticCodes.RecurrentState, sentence, exceptInputs: [node.Inputs[0]]);
            return;
        }

        var axes = relations.Axes(weight);
        relations.Unify(input[2], axes[2], node);
        relations.Opaque(node, DiagnosticCodes.RecurrentState, sentence, exceptInputs: [node.Inputs[0], weight]);
        relations.Pin(axes[..2], DiagnosticCodes.RecurrentState, node.Name, sentence);
        relations.Pin(input[..2], DiagnosticCodes.AxisNotChannels, node.Name, $"'{node.Name}' ({node.OpType}) steps over them");
        var shape = relations.Shape(node.Inputs[0])!;
        // All states (positions, directions, batch, hidden), or only the last one where nothing else is asked for.
        var isAll = node.Outputs[0].Length > 0;
        relations.Add(new MacTerm(node.Name, (long)shape[0] * shape[1] * axes[1]!.Length, [axes[2]!]));
        relations.Add(new LinearLayer(map, 2, isAll ? 3 : 2));
    }
}
