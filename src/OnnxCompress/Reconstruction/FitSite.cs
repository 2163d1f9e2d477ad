using OnnxCompress.Dependencies;
using OnnxCompress.Dependencies.Scores;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Numerics;

namespace OnnxCompress.Reconstruction;

/// <summary>One linear map of the compressed network whose weights are solved for.</summary>
internal sealed record FitSite
{
    /// <summary>Name of the original layer.</summary>
    public required string Name { get; init; }

    /// <summary>The layer that reads the inputs; its weight is solved for.</summary>
    public required LinearMap Map { get; init; }

    /// <summary>The 1x1 or matrix product behind it, when both are solved together as one map of low rank.</summary>
    public LinearMap? Expand { get; init; }

    /// <summary>
    /// The convolution along the other axis behind it, when both are solved together as one kernel; then <see cref="Window"/> is that of
    /// both.
    /// </summary>
    public LinearMap? Along { get; init; }

    /// <summary>How the kernel that is solved for moves; null for a product.</summary>
    public ConvolutionWindow? Window { get; init; }

    /// <summary>Axis of the input that is contracted.</summary>
    public required int InputAxis { get; init; }

    /// <summary>The tensor that is made, of the same name in both networks.</summary>
    public required string Output { get; init; }

    /// <summary>Axis of the output that runs over its channels.</summary>
    public required int OutputAxis { get; init; }

    /// <summary>Output channels of the original that stayed; null when all did.</summary>
    public int[]? KeptOutputs { get; init; }

    /// <summary>What the original's outputs are multiplied with before some of them go; null for nothing.</summary>
    public LayerTurn? Turn { get; init; }

    /// <summary>
    /// What the outputs of the original are multiplied by, <c>outputs x made</c>, where they belong to a residual stream that was
    /// turned; null where <see cref="KeptOutputs"/> says which stayed.
    /// </summary>
    public Matrix<float>? Turned { get; init; }

    /// <summary>The tensor that the original layer reads; null when there is no such layer (a factor of a split).</summary>
    public string? OriginalInput { get; init; }

    /// <summary>Channels of <see cref="OriginalInput"/> that stayed; null when all did.</summary>
    public int[]? KeptInputs { get; init; }

    /// <summary>The constant that a node behind a MatMul adds to its outputs and that serves as its bias; null when the bias is the layer's own.</summary>
    public string? BiasBehind { get; init; }

    /// <summary>What that node added in the original; the output that is fitted is the one in front of it.</summary>
    public float[]? AddedOriginally { get; init; }

    /// <summary>The same of all outputs there were, in the basis of <see cref="Turn"/>; null without one.</summary>
    public float[]? AddedTurned { get; init; }

    /// <summary>Whether a constant may be added to each output.</summary>
    public required bool TakesBias { get; init; }

    /// <summary>What an Add, or a normalisation of a sum, puts beside the output and nothing else changes in between; null when there is none.</summary>
    public string? Beside { get; init; }

    /// <summary>What the compressed network has in place of <see cref="Beside"/>; null where it goes by the same name.</summary>
    public string? BesideNow { get; init; }

    /// <summary>What is missing in the sum behind the layer, whose branch went; null where none went.</summary>
    public BranchAim? Aim { get; init; }

    /// <summary>
    /// What the activation behind the output, or behind the Add that puts <see cref="Beside"/> to it, lets through; null
    /// where every value counts.
    /// </summary>
    public ActivationRange? Range { get; init; }

    /// <summary>Other layers with the same weight: it is fitted to the rows of all of them, once.</summary>
    public IReadOnlyList<FitSite> Sharers { get; init; } = [];

    /// <summary>The layer and those that share its weight.</summary>
    public IEnumerable<FitSite> Uses => Sharers.Prepend(this);

    /// <summary>How the weight that is solved for lies: that of <see cref="Map"/>, or of both kernels together.</summary>
    public WeightLayout Layout => Along is null ? Map.Layout : new(1, Outputs, Map.Inputs, Window!.Kernel[0] * Window.Kernel[1], OutputsFirst: true);

    /// <summary>How that kernel folds to a matrix of low rank; null where it does not.</summary>
    public FoldedKernel? Folded => Along is null ? null : new(Map.Inputs, Window!.Kernel[0], Window.Kernel[1]);

    /// <summary>The layer that makes the output.</summary>
    public LinearMap Last => Along ?? Expand ?? Map;

    /// <summary>Rank of the map; null when it is not split.</summary>
    public int? Rank => Expand is null && Along is null ? null : Map.Outputs;

    /// <summary>Output channels that are fitted: those of the layer, or of queries and keys all directions.</summary>
    public int Outputs => Turn is null || KeptOutputs is null ? Last.Outputs : KeptOutputs.Length;
}
