namespace OnnxCompress.Dependencies.Streams;

/// <summary>
/// Channels that layers write, sums carry on and normalisations pass to the layers that read them, all of which are known: the
/// whole stream may be turned by one orthogonal matrix and nothing behind its readers changes (Ashkboos et al. 2024, SliceGPT, section 3.1).
/// </summary>
/// <param name="Roots">The root of each channel, in the order of the channels.</param>
/// <param name="IsCentred">Whether its normalisations take the mean off: then it says nothing along the vector of ones.</param>
/// <param name="Norms">Its normalisations, in the order of the graph.</param>
/// <param name="Readers">The layers that read it.</param>
/// <param name="Written">Constants that make it or are added to it, each with the axis that runs over its channels.</param>
internal sealed record ResidualStream(
    int[] Roots, bool IsCentred, IReadOnlyList<Normalisation> Norms, IReadOnlyList<StreamConsumer> Readers, IReadOnlyList<(string Constant, int Axis)> Written)
{
    /// <summary>How many channels it has.</summary>
    public int Width => Roots.Length;

    /// <summary>Activations that have the channels before they are normalised.</summary>
    public required IReadOnlySet<string> Tensors { get; init; }

    /// <summary>What people read of it.</summary>
    public string Describe() => FormattableString.Invariant(
        $"A residual stream of {Width} channels, {Written.Count} weights and tables that write it, {Norms.Count} normalisations and {Readers.Count} layers that read it: it is turned as a whole, and the last directions go");
}

/// <summary>A layer that reads a residual stream.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Norm">What lies between; null where it reads the stream as it is.</param>
internal sealed record StreamConsumer(LinearLayer Layer, Normalisation? Norm);

/// <summary>A residual stream that keeps its channels, and why.</summary>
/// <param name="Node">Its first normalisation.</param>
/// <param name="Sentence">What a person reads.</param>
internal sealed record HeldStream(string Node, string Sentence);
