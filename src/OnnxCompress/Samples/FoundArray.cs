namespace OnnxCompress.Samples;

/// <summary>What was given for an input.</summary>
/// <param name="Array">The data.</param>
/// <param name="IsOnce">Whether they are one value for all samples.</param>
/// <param name="IsValue">Whether that value is the only sample of the array, and not the array itself.</param>
internal sealed record FoundArray(SampleArray Array, bool IsOnce, bool IsValue);
