using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress.Samples;

/// <summary>
/// Runs a model over the steps of sequences and keeps the state that each step begins with, so that steps can then be fed in any
/// order. A file is a sequence; the first step of each begins with the state that was given, or with zeros.
/// </summary>
/// <param name="links">Which outputs are fed back, and where.</param>
internal sealed class StepStates(IReadOnlyList<StateLink> links)
{
    private readonly Dictionary<string, List<IReadOnlyList<long>>> _dims = links.ToDictionary(link => link.Input, _ => new List<IReadOnlyList<long>>(), StringComparer.Ordinal);
    private readonly Dictionary<string, MemoryStream> _bytes = links.ToDictionary(link => link.Input, _ => new MemoryStream(), StringComparer.Ordinal);

    /// <summary>Steps that a sequence begins with.</summary>
    public HashSet<int> Starts { get; } = [];

    /// <summary>Runs all steps, one after the other.</summary>
    /// <param name="session">The model.</param>
    /// <param name="steps">What is fed besides the states.</param>
    /// <param name="start">The state of a first step, for a run of one sample.</param>
    /// <param name="plan">How the model is fed.</param>
    /// <param name="cancellation">Stops between steps.</param>
    public void Run(IModelSession session, FileSampleSource steps, IReadOnlyList<HostTensor> start, FeedPlan plan, CancellationToken cancellation)
    {
        string[] outputs = [.. links.Select(link => link.Output)];
        var (state, file) = (start, "");
        for (var step = 0; step < steps.Count; step++)
        {
            if (steps.Locate(step).File is var lies && lies != file)
            {
                (state, file) = (start, lies);
                Starts.Add(step);
            }

            foreach (var tensor in state)
            {
                Keep(tensor, plan.Find(tensor.Name)!);
            }

            using var result = session.Run([.. steps.Read([step]), .. state], outputs, cancellation);
            state = [.. links.Select((link, i) => Next(result, i, link, plan))];
        }
    }

    /// <summary>The states of all steps, as data of an input.</summary>
    public FoundArray Of(string input, ElementType type)
    {
#pragma warning disable CA2000 // Memory only: there is nothing to close.
        return new(new MemoryArray($"the state '{input}'", input, type, _dims[input], _bytes[input].ToArray()), IsOnce: false, IsValue: false);
#pragma warning restore CA2000
    }

    /// <summary>An output as what the next step begins with.</summary>
    public static HostTensor Next(RunResult result, int index, StateLink link, FeedPlan plan)
    {
        var values = result.Copy(index)
            ?? throw new OnnxCompressException(DiagnosticCodes.DataMalformed, $"A state of type {result.Type(index)} cannot be fed back.");
        return new(link.Input, result.Type(index), [.. result.Dims(index)], values) { BatchAxis = plan.Find(link.Input)!.BatchAxis };
    }

    private void Keep(HostTensor tensor, InputFeed feed)
    {
        _dims[tensor.Name].Add(feed.SampleOf(tensor.Dims));
        var bytes = tensor.Bytes;
        var kept = _bytes[tensor.Name];
        if (kept.Length + bytes.Length > Array.MaxLength)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.DataMalformed, $"The states '{tensor.Name}' of {_dims[tensor.Name].Count} steps take more than two gigabytes; give fewer steps.");
        }

        kept.Write(bytes);
    }
}
