using OnnxCompress.Models;

namespace OnnxCompress.Dependencies;

/// <summary>A linear map at its place in an analysed model.</summary>
/// <param name="Map">The map.</param>
/// <param name="InputChannelAxis">Axis of the input that is contracted.</param>
/// <param name="OutputChannelAxis">Axis of the output that runs over output channels.</param>
internal sealed record LinearLayer(LinearMap Map, int InputChannelAxis, int OutputChannelAxis)
{
    /// <inheritdoc cref="LinearMap.Node" />
    public GraphNode Node => Map.Node;

    /// <inheritdoc cref="LinearMap.Weight" />
    public string Weight => Map.Weight;

    /// <inheritdoc cref="LinearMap.OutputAxis" />
    public int OutputAxis => Map.OutputAxis;

    /// <inheritdoc cref="LinearMap.InputAxis" />
    public int InputAxis => Map.InputAxis;

    /// <inheritdoc cref="LinearMap.Input" />
    public string Input => Map.Input;

    /// <inheritdoc cref="LinearMap.Output" />
    public string Output => Map.Output;

    /// <summary>Name of the constant bias over output channels; null when there is none.</summary>
    public string? Bias { get; init; }

    /// <summary>
    /// Whether the layer selects what it reads: its input channels cannot go where they are made, so a Gather in front
    /// of it leaves out those that its weights no longer need.
    /// </summary>
    public bool SelectsInput { get; init; }

    /// <summary>
    /// Whether a constant added to an input channel adds the same constant at every output position: not where zero
    /// padding is read, and not through positions that are made.
    /// </summary>
    public bool PassesConstants => Map.Kind == LinearKind.Product || (Map.Kind == LinearKind.Convolution && !Map.Window!.MayPad);
}
