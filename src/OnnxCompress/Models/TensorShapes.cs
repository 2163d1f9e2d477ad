namespace OnnxCompress.Models;

/// <summary>
/// The shape of every tensor of a graph for one sample, which axes change with the sample, and the values of the small
/// integer tensors that shape arithmetic produces. Observed by running the model, so every operator is covered.
/// </summary>
internal sealed class TensorShapes
{
    private readonly Dictionary<string, int[]> _dims = new(StringComparer.Ordinal);
    private readonly Dictionary<string, bool[]> _dynamic = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long[]> _integers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ElementType> _types = new(StringComparer.Ordinal);

    /// <summary>Samples of the observed run: one, or the batch that the model fixes.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>The shape for one sample, or null when the tensor was not observed.</summary>
    public int[]? Of(string tensor) => _dims.GetValueOrDefault(tensor);

    /// <summary>Whether the axis has another size for another batch or length.</summary>
    public bool IsDynamic(string tensor, int axis) => _dynamic.TryGetValue(tensor, out var axes) && axes[axis];

    /// <summary>Values of a small integer tensor for one sample, or null.</summary>
    public long[]? Integers(string tensor) => _integers.GetValueOrDefault(tensor);

    /// <summary>The element type of a tensor; <see cref="ElementType.Undefined"/> when it was not observed.</summary>
    public ElementType TypeOf(string tensor) => _types.GetValueOrDefault(tensor);

    /// <summary>Notes a tensor's type and shape.</summary>
    public void Set(string tensor, ElementType type, int[] dims)
    {
        _types[tensor] = type;
        _dims[tensor] = dims;
        _dynamic[tensor] = new bool[dims.Length];
    }

    /// <summary>Notes that an axis has another size for another batch or length.</summary>
    public void SetDynamic(string tensor, int axis) => _dynamic[tensor][axis] = true;

    /// <summary>Notes that a tensor has the type and shape of another.</summary>
    public void SetLike(string tensor, string other) => SetLike(tensor, other, this);

    /// <summary>The same notes, to which more can be added.</summary>
    public TensorShapes Copy()
    {
        var copy = new TensorShapes { Samples = Samples };
        foreach (var tensor in _dims.Keys)
        {
            copy.SetLike(tensor, tensor, this);
        }

        foreach (var (tensor, values) in _integers)
        {
            copy._integers[tensor] = values;
        }

        return copy;
    }

    private void SetLike(string tensor, string other, TensorShapes from) =>
        (_types[tensor], _dims[tensor], _dynamic[tensor]) = (from._types[other], from._dims[other], from._dynamic[other]);

    /// <summary>Notes the values of a small integer tensor.</summary>
    public void SetIntegers(string tensor, long[] values) => _integers[tensor] = values;
}
