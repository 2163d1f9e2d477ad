using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Simplification;

/// <summary>
/// Lifts the branches that all samples take into the main graph, where their layers are compressed as any others. If nodes, their
/// conditions and their other branches stay, and what is compressed goes back into its branch when the model is written.
/// </summary>
/// <param name="runtime">Where models run.</param>
/// <param name="samples">What shows which branches are taken.</param>
/// <param name="batchSize">Samples that later runs hold.</param>
internal sealed class BranchLifting(IModelRuntime runtime, ISampleSource samples, int batchSize)
{
    /// <summary>Operators with weights that methods take.</summary>
    private static readonly HashSet<string> Layers = ["Conv", "ConvTranspose", "Gemm", "MatMul", "Einsum", "FusedMatMul", "Gather", "LSTM", "GRU", "RNN"];

    /// <summary>Operators that a branch may have which only hands on what it reads.</summary>
    private static readonly HashSet<string> Handing = ["Identity", "Squeeze", "Unsqueeze", "Transpose", "Constant"];

    /// <summary>A copy of the model with its branches lifted; the model itself where there are none, or where the copy answers otherwise.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="sample">One sample of its inputs.</param>
    /// <param name="cancellation">Stops the runs.</param>
    public OnnxModel Apply(OnnxModel model, IReadOnlyList<HostTensor> sample, CancellationToken cancellation)
    {
        if (!model.Graph.Nodes.Any(IsIf))
        {
            return model;
        }

        var lifted = model.Clone(new LiftedBranches());
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (lifted.Graph.Nodes.Where(n => IsIf(n) && !seen.Contains(First(n))).ToArray() is { Length: > 0 } nodes)
        {
            seen.UnionWith(nodes.Select(First));
            foreach (var (node, conditions) in Conditions(lifted, nodes, cancellation))
            {
                // Look-ups are made anew with each branch that is lifted.
                Lift(lifted, lifted.Graph.Producer(First(node))!, conditions, sample, cancellation);
            }
        }

        lifted.Lifted.Close(lifted.Graph);
        return Simplifier.AnswersAlike(model, lifted, runtime, sample, cancellation) ? lifted : model;
    }

    private static bool IsIf(GraphNode node) => node is { OpType: "If", Domain: "", Inputs.Count: 1 };

    private static string First(GraphNode node) => node.Outputs.First(o => o.Length > 0);

    private IEnumerable<KeyValuePair<GraphNode, ConditionsMet>> Conditions(OnnxModel model, GraphNode[] nodes, CancellationToken cancellation)
    {
        try
        {
            return new BranchChoices(model, runtime, samples, batchSize).Of(nodes, cancellation);
        }
        catch (OnnxCompressException e) when (Fails(e))
        {
            // What is wrong is said where the whole model is run.
            return [];
        }
    }

    private static bool Fails(OnnxCompressException e) => e.Diagnostic.Code is DiagnosticCodes.RunFailed or DiagnosticCodes.RuntimeRefusedModel;

    private void Lift(OnnxModel model, GraphNode node, ConditionsMet conditions, IReadOnlyList<HostTensor> sample, CancellationToken cancellation)
    {
        if (!conditions.IsAny)
        {
            return;
        }

        if (conditions.IsBoth)
        {
            model.Lifted.Explain(node, conditions.IsBothByNumber
                ? $"The weights in the branches of '{node.Name}' stay: how many samples are run at once decides which of them is taken."
                : $"The weights in the branches of '{node.Name}' stay: some samples take one branch, and some the other.");
            return;
        }

        var attribute = conditions.Value ? "then_branch" : "else_branch";
        var (taken, other) = (Branch(node, attribute), Branch(node, conditions.Value ? "else_branch" : "then_branch"));
        if (taken is null || other is null || taken.SparseInitializer.Count > 0 || taken.Output.Count != node.Outputs.Count || taken.Output.Any(o => o.Type?.ValueCase is not (null or TypeProto.ValueOneofCase.None or TypeProto.ValueOneofCase.TensorType)))
        {
            return;
        }

        if (conditions.IsSettled)
        {
            var before = ParameterCount.Of(model);
            model.Lifted.Inline(model.Graph, node, attribute);
            model.Lifted.Unreachable += before - ParameterCount.Of(model);
            return;
        }

        var isOnly = other.Node.All(n => Handing.Contains(n.OpType)) && IsDeadEnd(model, node, !conditions.Value, sample, cancellation);
        if (isOnly || HasLayers(taken))
        {
            model.Lifted.Explain(node, $"The weights in the {(conditions.Value ? "else" : "then")} branch of '{node.Name}' stay: the samples take the other branch.");
            model.Lifted.Lift(model.Graph, node, attribute, isOnly);
        }
    }

    private static GraphProto? Branch(GraphNode node, string attribute) => node.Proto.Attribute.FirstOrDefault(a => a.Name == attribute)?.G;

    private static bool HasLayers(GraphProto graph) =>
        graph.Node.Any(n => Layers.Contains(n.OpType) || n.Attribute.SelectMany(a => a.G is null ? a.Graphs : a.Graphs.Append(a.G)).Any(HasLayers));

    /// <summary>Whether the other branch gives tensors with another number of axes, and the model fails when it is forced to take it.</summary>
    private bool IsDeadEnd(OnnxModel model, GraphNode node, bool condition, IReadOnlyList<HostTensor> sample, CancellationToken cancellation)
    {
        var forced = model.Clone();
        var (name, graph) = (forced.Graph.UniqueName("forced"), forced.Graph);
        graph.AddInitializer(name, ElementType.Bool, []).WriteBytes([], [condition ? (byte)1 : (byte)0]);
        graph.Producer(First(node))!.Proto.Input[0] = name;
        graph.Index();
        string[] outputs = [.. node.Outputs.Where(o => o.Length > 0)];
        try
        {
            if (Ranks(model, outputs, sample, cancellation).Zip(Ranks(forced, outputs, sample, cancellation)).Any(pair => pair.First == pair.Second))
            {
                return false;
            }
        }
        catch (OnnxCompressException e) when (Fails(e))
        {
            // At other sizes it may well give something.
            return false;
        }

        try
        {
            using var session = runtime.Open(forced, SessionSettings.AsItStands);
            using var result = session.Run(sample, [.. session.Outputs.Select(o => o.Name)], cancellation);
            return false;
        }
        catch (OnnxCompressException e) when (Fails(e))
        {
            return true;
        }
    }

    private int[] Ranks(OnnxModel model, string[] tensors, IReadOnlyList<HostTensor> sample, CancellationToken cancellation)
    {
        var makers = BranchChoices.Makers(model.Graph, tensors);
        var read = makers.SelectMany(n => n.Inputs.Concat(n.CapturedNames())).ToHashSet(StringComparer.Ordinal);
        using var session = runtime.Open(model.Extract(makers, model.Inputs.Where(i => read.Contains(i.Name)), tensors), SessionSettings.AsItStands);
        using var result = session.Run([.. sample.Where(t => read.Contains(t.Name))], tensors, cancellation);
        return [.. tensors.Select((_, i) => result.Dims(i).Count)];
    }
}
