namespace OnnxCompress.Models;

/// <summary>
/// Whether a fixed size in front counts samples. Models exported for one sample without a batch (a picture of 3 x H x W, a vector)
/// begin with a size too, and their parts must not be taken for samples of their own.
/// </summary>
internal static class FixedBatches
{
    /// <summary>Numbers of colour planes; a fixed batch of that many single planes is not how pictures are fed.</summary>
    private const int Colours = 3;

    private const int SmallestSide = 8;

    /// <summary>Whether the first axis of an input cannot be the batch.</summary>
    /// <param name="input">An input of the model.</param>
    /// <param name="outputs">All outputs: those of several samples tell them apart on some axis.</param>
    public static bool IsNone(TensorInfo input, IReadOnlyList<TensorInfo> outputs) =>
        input.Dims is [{ Value: > 1 and var size }, ..] dims && dims.All(dim => dim.Value is not null)
        && (IsPicture(dims) || (outputs.All(IsStated) && !outputs.Any(output => output.Dims!.Any(dim => dim.Value == size))));

    private static bool IsPicture(IReadOnlyList<Dimension> dims) =>
        dims is [{ Value: Colours }, { Value: >= SmallestSide }, { Value: >= SmallestSide }]
        || dims is [{ Value: >= SmallestSide }, { Value: >= SmallestSide }, { Value: Colours }];

    private static bool IsStated(TensorInfo output) => output.Dims is { } dims && dims.All(dim => dim.Value is not null);
}
