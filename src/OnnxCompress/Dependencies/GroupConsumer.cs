namespace OnnxCompress.Dependencies;

/// <summary>A linear layer that reads channels of a group.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Channels">Index in the group of each channel it reads, in the order of its first appearance.</param>
/// <param name="Taps">
/// <c>channels x multiplicity</c>, row-major: the indices of the layer's input that belong to each channel. After Flatten
/// of a <c>C x H x W</c> tensor the multiplicity is H * W.
/// </param>
/// <param name="Columns">
/// <c>channels x columns</c>, row-major: the indices of the weight's input axis that belong to each channel. As many as
/// taps, except for a grouped convolution, where one column serves every group.
/// </param>
internal sealed record GroupConsumer(LinearLayer Layer, int[] Channels, int[] Taps, int[] Columns)
{
    /// <summary>Sets what is read here apart where one layer reads channels of several groups in the same tensor.</summary>
    public string Role { get; init; } = "";

    /// <summary>Other layers with the same weight, which read the same channels in the same order; they get its new values too.</summary>
    public IReadOnlyList<LinearLayer> Sharers { get; init; } = [];

    /// <summary>The layer and those that share its weight.</summary>
    public IEnumerable<LinearLayer> Uses => Sharers.Prepend(Layer);

    /// <summary>Input indices for each channel.</summary>
    public int TapsPerChannel => Taps.Length / Channels.Length;

    /// <summary>Weight indices for each channel.</summary>
    public int ColumnsPerChannel => Columns.Length / Channels.Length;
}
