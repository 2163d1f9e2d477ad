namespace OnnxCompress.Models;

/// <summary>Name, element type and shape of a model's input or output.</summary>
/// <param name="Name">The tensor's name in the graph.</param>
/// <param name="Type">Its element type.</param>
/// <param name="Dims">Its dimensions, outermost first; null when the model does not state a rank.</param>
public sealed record TensorInfo(string Name, ElementType Type, IReadOnlyList<Dimension>? Dims)
{
    /// <summary>What it is when it is no tensor, for instance <c>a sequence</c>; null for tensors.</summary>
    internal string? Kind { get; init; }

    /// <summary>Whether it holds strings that reach nothing but outputs which hold strings too.</summary>
    internal bool OnlyPassesThrough { get; init; }

    /// <summary>Whether its first axis cannot count samples, by what the model's outputs declare.</summary>
    internal bool HasNoBatch { get; init; }

    /// <summary>For instance <c>image: Float[batch,1,28,28]</c>.</summary>
    public override string ToString() => Kind is not null ? $"{Name}: {Kind}" : $"{Name}: {(Type == ElementType.Text ? "String" : Type)}[{(Dims is null ? "?" : string.Join(',', Dims))}]";
}
