using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// LSTM, GRU and RNN, in one or two directions. Their input is read by one linear map, so its channels can go. A hidden unit
/// is a channel too: made by its rows of W, R and B in each gate, read by a column of R (a linear map from the states) and
/// by whatever reads the states. Two directions share the numbers of their units, and lose them together. Peepholes, resets
/// in front of the product, and states that come from outside hold the units; a projection is an operator of its own.
/// </summary>
internal sealed class RecurrentRule : OperatorRule
{
    private const int RecurrentInput = 2, BiasInput = 3, FirstState = 5, PeepholeInput = 7;

    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["LSTM", "GRU", "RNN"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var sentence = $"they are the state of '{node.Name}' ({node.OpType})";
        var input = relations.Axes(node.Inputs[0]);
        if (LinearMap.Of(node, relations.Graph) is not { } map || LinearMap.OfState(node, relations.Graph) is not { } state)
        {
            relations.Pin(input, DiagnosticCodes.RecurrentState, node.Name, $"'{node.Name}' ({node.OpType}) reads them with a weight that is computed");
            relations.Opaque(node, DiagnosticCodes.RecurrentState, sentence, exceptInputs: [node.Inputs[0]]);
            return;
        }

        var (weight, recurrent) = (relations.Axes(map.Weight), relations.Axes(state.Weight));
        var units = recurrent[2]!;
        relations.Unify(input[2], weight[2], node);
        relations.Pin(input[..2], DiagnosticCodes.AxisNotChannels, node.Name, $"'{node.Name}' ({node.OpType}) steps over them");
        relations.Pin([weight[0], recurrent[0]], DiagnosticCodes.RecurrentState, node.Name, sentence);
        var isKnown = TieGates(weight[1]!, units, relations) & TieGates(recurrent[1]!, units, relations);
        isKnown &= node.Input(BiasInput) is not { } bias || TieBias(bias, units, node, relations);
        TieStates(node, units, relations);
        if ((isKnown ? WhyHeld(node) : "has weights of other sizes than its units") is { } why)
        {
            HoldUnits(node, units, why, relations);
        }

        foreach (var output in node.Outputs.Where(o => o.Length > 0))
        {
            var axes = new IndexAxis?[relations.Shapes.Of(output)!.Length];
            axes[^1] = units;
            relations.Set(output, axes);
        }

        var shape = relations.Shape(node.Inputs[0])!;
        var steps = (long)shape[0] * shape[1] * weight[0]!.Length;
        relations.Add(new MacTerm(node.Name, steps, [weight[1]!, weight[2]!]));
        relations.Add(new MacTerm(node.Name, steps, [recurrent[1]!, recurrent[2]!]));
        var channelAxis = relations.Shapes.Of(map.Output)!.Length - 1;
        relations.Add(new LinearLayer(map, 2, channelAxis));
        relations.Add(new LinearLayer(state, channelAxis, channelAxis));
    }

    /// <inheritdoc />
    public override void Shrink(GraphNode node, Shrinkage shrinkage)
    {
        if (shrinkage.Axes(node.Inputs[RecurrentInput]) is [_, _, { } units] && shrinkage.Shrinks(units))
        {
            node.SetInt("hidden_size", shrinkage.Kept(units));
        }
    }

    /// <summary>Gates behind each other, each with one index for each unit.</summary>
    private static bool TieGates(IndexAxis gates, IndexAxis units, Relations relations)
    {
        for (var i = 0; i < gates.Length; i++)
        {
            relations.Elements.Tie(units.Ids[i % units.Length], gates.Ids[i]);
        }

        return gates.Length % units.Length == 0;
    }

    private static bool TieBias(string bias, IndexAxis units, GraphNode node, Relations relations)
    {
        if (relations.Graph.Constant(bias) is null || relations.Axes(bias) is not [{ } directions, { } gates])
        {
            return false;
        }

        relations.Pin(directions, DiagnosticCodes.RecurrentState, node, $"they are the directions of '{node.Name}' ({node.OpType})");
        return TieGates(gates, units, relations);
    }

    /// <summary>States that the first step begins with.</summary>
    private static void TieStates(GraphNode node, IndexAxis units, Relations relations)
    {
        foreach (var name in new[] { node.Input(FirstState), node.OpType == "LSTM" ? node.Input(FirstState + 1) : null }.OfType<string>())
        {
            var axes = relations.Axes(name);
            relations.Pin(axes[..^1], DiagnosticCodes.RecurrentState, node.Name, $"they are directions and samples of the state of '{node.Name}' ({node.OpType})");
            if (axes[^1] is null)
            {
                HoldUnits(node, units, "begins with a state that it is given", relations);
            }
            else
            {
                relations.Unify(units, axes[^1], node);
            }
        }

        if (node.OpType == "LSTM" && node.Input(PeepholeInput) is { } peepholes)
        {
            relations.Pin(relations.Axes(peepholes), DiagnosticCodes.RecurrentState, node.Name, $"they are the state of '{node.Name}' ({node.OpType})");
        }
    }

    /// <summary>What is no linear map of the states that the layer gives; null where all is.</summary>
    private static string? WhyHeld(GraphNode node) =>
        node.OpType == "LSTM" && node.Input(PeepholeInput) is not null ? "weighs its own state with peepholes"
        : node.OpType == "LSTM" && node.Outputs.Take(2).All(o => o.Length == 0) ? "gives its cell state alone"
        : node.OpType == "GRU" && node.Int("linear_before_reset", 0) == 0 ? "is reset before it is multiplied"
        : null;

    private static void HoldUnits(GraphNode node, IndexAxis units, string why, Relations relations) =>
        relations.Pin(units, DiagnosticCodes.RecurrentState, node, $"they are the state of '{node.Name}' ({node.OpType}), which {why}");
}
