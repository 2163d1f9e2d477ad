namespace OnnxCompress.Models;

/// <summary>How one input is fed in a run of several samples.</summary>
/// <param name="Input">The input as the model declares it.</param>
/// <param name="BatchAxis">The axis along which the samples of a run lie; null: one value serves all of them.</param>
internal sealed record InputFeed(TensorInfo Input, int? BatchAxis)
{
    /// <summary>What the model declares of one sample: its dimensions without the batch axis; null when it states no rank.</summary>
    public IReadOnlyList<Dimension>? SampleDims => Input.Dims is { } dims ? [.. dims.Where((_, axis) => axis != BatchAxis)] : null;

    /// <summary>The shape of a run.</summary>
    /// <param name="sample">Shape of one sample, outermost first.</param>
    /// <param name="samples">Samples in the run.</param>
    public long[] RunDims(IReadOnlyList<long> sample, int samples) =>
        BatchAxis is { } axis ? [.. sample.Take(axis), samples, .. sample.Skip(axis)] : [.. sample];

    /// <summary>The shape of one sample within that of a run.</summary>
    public long[] SampleOf(IReadOnlyList<long> run) => [.. run.Where((_, axis) => axis != BatchAxis)];
}
