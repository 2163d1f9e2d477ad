namespace OnnxCompress.Numerics;

/// <summary>The numbers, not the arguments' shapes, made an operation impossible.</summary>
/// <param name="failure">What went wrong.</param>
/// <param name="message">A sentence with the sizes or positions that matter.</param>
public sealed class NumericException(NumericFailure failure, string message) : ArithmeticException(message)
{
    /// <summary>What went wrong.</summary>
    public NumericFailure Failure { get; } = failure;
}
