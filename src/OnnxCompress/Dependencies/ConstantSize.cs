namespace OnnxCompress.Dependencies;

/// <summary>Size of a constant: a fixed number of elements times the axes that may shrink.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Fixed">Product of the axes that cannot shrink.</param>
/// <param name="BytesPerElement">Bytes of one element in the file.</param>
/// <param name="Axes">The axes that may shrink.</param>
internal sealed record ConstantSize(string Name, long Fixed, double BytesPerElement, IReadOnlyList<IndexAxis> Axes);
