using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress;

/// <summary>
/// Multiply-accumulates in the branches of If nodes. A run takes one branch; the dearest one counts. Each is run as a model of
/// its own, on what the graph around it makes of a sample. What samples take and was lifted counts where it lies. Bodies of Loop and Scan run as often as data say and are not counted.
/// </summary>
/// <param name="runtime">Where models run.</param>
internal sealed class BranchCosts(IModelRuntime runtime)
{
    /// <summary>By the name of the If node, operations of one run.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sample">One sample of its inputs.</param>
    /// <param name="cancellation">Stops the runs.</param>
    public IReadOnlyDictionary<string, long> Of(OnnxModel model, IReadOnlyList<HostTensor> sample, CancellationToken cancellation)
    {
        var costs = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var node in model.Graph.Nodes.Where(n => n is { OpType: "If", Domain: "" } && model.Lifted.Of(n) is null))
        {
            var macs = model.Branches(node).Select(branch => Macs(model, branch, sample, cancellation)).DefaultIfEmpty().Max();
            costs[node.Name] = costs.GetValueOrDefault(node.Name) + macs;
        }

        return costs;
    }

    private long Macs(OnnxModel model, OnnxModel.Branch branch, IReadOnlyList<HostTensor> sample, CancellationToken cancellation)
    {
        try
        {
            var fed = Captured(model, branch.Captured, sample, cancellation);
            var inner = branch.Open([.. fed.Select(t => new TensorInfo(t.Name, t.Type, [.. t.Dims.Select(_ => new Dimension(null))]))]);
            var shapes = ShapeObserver.Observe(runtime, inner, fed, cancellation);
            return DependencyAnalyzer.Analyze(inner, shapes, branchMacs: Of(inner, fed, cancellation)).Macs;
        }
        catch (OnnxCompressException e) when (e.Diagnostic.Code is DiagnosticCodes.RunFailed or DiagnosticCodes.RuntimeRefusedModel)
        {
            // A branch for other sizes than the sample's: nothing is known of it, and it does not run.
            return 0;
        }
    }

    private List<HostTensor> Captured(OnnxModel model, IReadOnlyList<string> names, IReadOnlyList<HostTensor> sample, CancellationToken cancellation)
    {
        string[] made = [.. names.Where(n => model.Graph.Producer(n) is not null)];
        var fed = sample.Where(t => names.Contains(t.Name)).ToList();
        if (made.Length == 0)
        {
            return fed;
        }

        using var observed = new ObservedModel(runtime, model, made, SessionSettings.AsItStands);
        using var result = observed.Run(sample, cancellation);
        fed.AddRange(observed.Tensors.Select((name, i) => Copy(name, result, i)));
        return fed;
    }

    private static HostTensor Copy(string name, RunResult result, int index) => new(
        name, result.Type(index), result.Dims(index),
        result.Copy(index) ?? throw new OnnxCompressException(DiagnosticCodes.RunFailed, $"A branch reads '{name}', which is {result.Type(index)}."));
}
