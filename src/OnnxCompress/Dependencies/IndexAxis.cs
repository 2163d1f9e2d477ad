namespace OnnxCompress.Dependencies;

/// <summary>
/// What the indices of one tensor axis stand for: <c>Ids[i]</c> is the element of <see cref="IndexElements"/> that
/// index i belongs to. The same element at several indices (after Flatten, say) means that they go together. Aliasing
/// one axis in two tensors says that their indices are the same.
/// </summary>
/// <param name="ids">One element for each index.</param>
internal sealed class IndexAxis(int[] ids)
{
    /// <summary>One element for each index.</summary>
    public int[] Ids { get; } = ids;

    /// <summary>Size of the axis.</summary>
    public int Length => Ids.Length;
}
