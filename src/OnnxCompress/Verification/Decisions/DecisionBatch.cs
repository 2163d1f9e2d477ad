namespace OnnxCompress.Verification.Decisions;

/// <summary>One batch of two models' outputs, as a rule reads it.</summary>
/// <param name="Expected">The original's outputs, in the order of <see cref="OutputDecisions.Outputs"/>.</param>
/// <param name="Actual">The compressed model's.</param>
/// <param name="Indices">The samples that were run.</param>
/// <param name="IsNew">For each sample that counts, from the first, whether it is no copy of one before.</param>
/// <param name="Mask">Which positions count; null: all.</param>
internal sealed record DecisionBatch(
    IReadOnlyList<OutputValues> Expected, IReadOnlyList<OutputValues> Actual, int[] Indices, bool[] IsNew, PositionMask? Mask)
{
    /// <summary>Samples that were run.</summary>
    public int Size => Indices.Length;

    /// <summary>Samples that count.</summary>
    public int Samples => IsNew.Length;

    /// <summary>The part of a sample in one of the outputs, row-major; all of the output when its first axis does not count samples.</summary>
    /// <param name="output">The output.</param>
    /// <param name="sample">Which sample of the batch.</param>
    public ReadOnlySpan<double> Of(OutputValues output, int sample)
    {
        if (output.Dims.Count == 0 || output.Dims[0] != Size)
        {
            return output.Values;
        }

        var length = output.Values.Length / Size;
        return output.Values.Slice(sample * length, length);
    }
}
