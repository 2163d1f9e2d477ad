using OnnxCompress.Models;

namespace OnnxCompress.Dependencies;

/// <summary>A Conv, Gemm or MatMul with a constant weight, seen as one linear map over channels.</summary>
internal sealed record LinearLayer
{
    /// <summary>The node.</summary>
    public required GraphNode Node { get; init; }

    /// <summary>Name of the constant weight.</summary>
    public required string Weight { get; init; }

    /// <summary>Axis of the weight that runs over output channels.</summary>
    public required int OutputAxis { get; init; }

    /// <summary>Axis of the weight that runs over input channels.</summary>
    public required int InputAxis { get; init; }

    /// <summary>The activation that is read.</summary>
    public required string Input { get; init; }

    /// <summary>Axis of <see cref="Input"/> that is contracted.</summary>
    public required int InputChannelAxis { get; init; }

    /// <summary>The activation that is made.</summary>
    public required string Output { get; init; }

    /// <summary>Axis of <see cref="Output"/> that runs over output channels.</summary>
    public required int OutputChannelAxis { get; init; }

    /// <summary>Name of the constant bias over output channels; null when there is none.</summary>
    public string? Bias { get; init; }

    /// <summary>
    /// Whether the layer selects what it reads: its input channels cannot go where they are made, so a Gather in front
    /// of it leaves out those that its weights no longer need.
    /// </summary>
    public bool SelectsInput { get; init; }

    /// <summary>
    /// Whether a constant added to an input channel adds the same constant at every output position: not where zero
    /// padding is read.
    /// </summary>
    public bool PassesConstants { get; init; }
}
