using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Reconstruction;

namespace OnnxCompress.Precision;

/// <summary>How a model is put into 8 bits.</summary>
/// <param name="Walk">Threads, batch size, seed and memory.</param>
/// <param name="Grid">The values that weights can have.</param>
internal sealed record QuantizerOptions(ReconstructionOptions Walk, WeightGrid Grid)
{
    /// <summary>Whether the user's selection includes a node.</summary>
    public Func<string, bool> IsSelected { get; init; } = static _ => true;

    /// <summary>The numbers that are asked for.</summary>
    public NumberForm Form { get; init; } = NumberForm.Int8;

    /// <summary>By name, layers that keep more bits than the form has.</summary>
    public IReadOnlyDictionary<string, NumberForm> Wider { get; init; } = new Dictionary<string, NumberForm>(StringComparer.Ordinal);

    /// <summary>Refuses a graph that lacks one of those layers.</summary>
    /// <exception cref="OnnxCompressException">OCX6001.</exception>
    public void RequireWider(ModelGraph graph)
    {
        if (Wider.Keys.FirstOrDefault(name => !graph.Nodes.Any(n => n.Name == name)) is { } unknown)
        {
            throw new OnnxCompressException(DiagnosticCodes.PlanMismatch, $"The plan says which numbers the layer '{unknown}' keeps, and the compressed model has no such layer.");
        }
    }

    /// <summary>Bits of weights that are multiplied with bytes.</summary>
    public int WeightBits => Grid.Limit == WeightGrid.Full ? 8 : 7;

    /// <summary>Where the model will run.</summary>
    public RunTarget Target { get; init; } = RunTarget.Cpu;

    /// <summary>Inputs that share a step in 4 bits, at most.</summary>
    public int Block { get; init; } = 64;

    /// <summary>Whether convolutions of bytes read channels in fours: see <see cref="ByteLayout"/>.</summary>
    public bool PadsInputs { get; init; }

    /// <summary>Told which layer is reached; may be null.</summary>
    public IProgress<ProgressUpdate>? Progress { get; init; }

    /// <summary>Whether ranges have the least expected squared error; else they hold the least and the greatest value.</summary>
    public bool FitsRanges { get; init; } = true;

    /// <summary>Whether weights are solved for what the quantised network gives each layer before they are rounded.</summary>
    public bool Refits { get; init; } = true;

    /// <summary>The same for weights that are made in a way: whoever wants those of the methods, or of the original network alone, gets those, rounded.</summary>
    public QuantizerOptions For(ReconstructionMode mode) => this with { Refits = mode == ReconstructionMode.Sequential };

    /// <summary>Whether the error of a weight moves into those that are rounded after it.</summary>
    public bool Feeds { get; init; } = true;

    /// <summary>Whether biases make up for what is left in the mean.</summary>
    public bool Corrects { get; init; } = true;
}
