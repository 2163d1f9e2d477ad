using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies;

/// <summary>Says of every weight of a file what the tool can do about it, and of each that stays, why.</summary>
internal sealed class ParameterAccounts
{
    /// <summary>Where weights are multiplied with what the layer reads.</summary>
    private static readonly Dictionary<string, int[]> Multiplied = new(StringComparer.Ordinal)
    {
        ["Conv"] = [1], ["ConvTranspose"] = [1], ["Gemm"] = [0, 1], ["MatMul"] = [0, 1], ["Gather"] = [0], ["LSTM"] = [1, 2], ["GRU"] = [1, 2], ["RNN"] = [1, 2],
    };

    private readonly Relations _relations;
    private readonly WeightTrace _trace;
    private readonly HashSet<int> _free;
    private readonly IReadOnlySet<string> _splittable;
    private readonly LiftedBranches _branches;
    private readonly Dictionary<string, LinearLayer> _layers;

    private ParameterAccounts(OnnxModel original, ModelAnalysis analysis, IReadOnlySet<string> splittable)
    {
        (_relations, _splittable, _branches) = (analysis.Relations, splittable, original.Lifted);
        _trace = new WeightTrace(original.Graph, _relations.Graph);
        _free = analysis.Narrowed.SelectMany(g => g.Atoms.Where((_, i) => g.IsFree[i])).ToHashSet();
        _layers = _relations.Layers.DistinctBy(l => l.Weight, StringComparer.Ordinal).ToDictionary(l => l.Weight, StringComparer.Ordinal);
    }

    /// <summary>The account of a file, and what is refused with the parameters that each reason holds back, the heaviest first.</summary>
    /// <param name="original">The file.</param>
    /// <param name="analysis">Analysis of the simplified model.</param>
    /// <param name="splittable">Weights of that model that splits take.</param>
    public static (ParameterAccount Account, IReadOnlyList<Refusal> Refusals) Of(OnnxModel original, ModelAnalysis analysis, IReadOnlySet<string> splittable)
    {
        var accounts = new ParameterAccounts(original, analysis, splittable);
        var sums = new long[Enum.GetValues<WeightPlace>().Length];
        // Layers whose outputs stay are named even where their weights shrink with their inputs.
        var refusals = analysis.Refusals.ToDictionary(r => (r.Node, r.Code), r => r with { Parameters = 0 });
        foreach (var weight in original.Weights)
        {
            var (place, refusal) = accounts.PlaceOf(weight);
            sums[(int)place] += weight.Elements;
            if (refusal is not null)
            {
                var known = refusals.GetValueOrDefault((refusal.Node, refusal.Code), refusal);
                refusals[(refusal.Node, refusal.Code)] = known with { Parameters = known.Parameters + weight.Elements };
            }
        }

        sums[(int)WeightPlace.NotWeight] += original.Lifted.Unreachable;
        return (
            new ParameterAccount(sums[(int)WeightPlace.InGroup], sums[(int)WeightPlace.OnlySplittable], sums[(int)WeightPlace.Quantised], sums[(int)WeightPlace.Refused], sums[(int)WeightPlace.NotWeight]),
            [.. refusals.Values.OrderByDescending(r => r.Parameters)]);
    }

    private (WeightPlace Place, Refusal? Refusal) PlaceOf(StoredWeight weight)
    {
        if (weight.Form == WeightForm.Quantised)
        {
            var (_, refusal) = Refused(weight.Reader.Name, DiagnosticCodes.WeightQuantised, $"The weight of '{weight.Reader.Name}' ({weight.Reader.OpType}) stays: it is stored as integers already.");
            return (WeightPlace.Quantised, refusal);
        }

        if (weight.Inside is { } inside)
        {
            return _branches.ReasonOf(inside) is { } reason
                ? Refused(inside, DiagnosticCodes.BranchNotTaken, reason)
                : Refused(inside, DiagnosticCodes.EntersSubgraph, $"The weights in the branches, or the function, of '{inside}' stay: what happens there is not followed.");
        }

        if (weight.Form == WeightForm.Sparse)
        {
            return Refused(weight.Reader.Name, DiagnosticCodes.WeightSparse, $"The weight '{weight.Name}' stays: only its values that are not zero are stored.");
        }

        if (_trace.Find(weight.Name) is not { } name)
        {
            return (WeightPlace.NotWeight, null);
        }

        var axes = _relations.KnownAxes(name).OfType<IndexAxis>().ToArray();
        return axes.Any(a => a.Ids.SelectMany(_relations.Elements.Owners).Any(_free.Contains)) ? (WeightPlace.InGroup, null)
            : _splittable.Contains(name) ? (WeightPlace.OnlySplittable, null)
            : IsMultiplied(name) ? Held(name, axes)
            : (WeightPlace.NotWeight, null);
    }

    private bool IsMultiplied(string name) =>
        _layers.ContainsKey(name)
        || (_trace.Reader(name) is { Index: >= 0 } use && _relations.Graph.Constant(name)!.Dims.Count(d => d > 1) > 1
            && (Multiplied.TryGetValue(use.Node.OpType, out var inputs) ? inputs.Contains(use.Index) : !Operators.OperatorRules.IsMapped(use.Node)));

    private (WeightPlace Place, Refusal? Refusal) Held(string name, IndexAxis[] axes)
    {
        if (_layers.TryGetValue(name, out var layer))
        {
            var held = RefusalFinder.ReasonOf(_relations, _relations.Axes(name)[layer.OutputAxis]!, layer);
            return Refused(held.Node, held.Code, $"The output channels of '{layer.Node.Name}' stay: {held.Sentence}.");
        }

        var reader = _trace.Reader(name)!.Value.Node;
        var reason = axes.SelectMany(a => a.Ids).Select(_relations.Elements.PinOf).FirstOrDefault(r => r is not null)
            ?? new PinReason(DiagnosticCodes.OperatorNotMapped, reader.Name, $"they reach '{reader.Name}' ({reader.OpType}), which is not mapped");
        return Refused(reason.Node, reason.Code, $"The values of '{name}' stay: {reason.Sentence}.");
    }

    private static (WeightPlace Place, Refusal? Refusal) Refused(string node, string code, string sentence) =>
        (WeightPlace.Refused, new Refusal(node, code, sentence, 0));
}
