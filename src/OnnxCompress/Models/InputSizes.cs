using OnnxCompress.Diagnostics;

namespace OnnxCompress.Models;

/// <summary>Bounds what a model may ask to be fed: its declared sizes come from a file and decide how much memory is taken.</summary>
internal static class InputSizes
{
    /// <summary>Values of one input in one run, batch included: a gigabyte of floats.</summary>
    public const long MostValues = 1L << 28;

    /// <summary>The batch that a model declares, when it declares one.</summary>
    /// <param name="inputs">The model's inputs; axis 0 is the batch.</param>
    /// <exception cref="OnnxCompressException">OCX3025: it is not positive, or too large.</exception>
    public static int? FixedBatch(IReadOnlyList<TensorInfo> inputs) =>
        inputs.FirstOrDefault(input => input.Dims is [{ Value: not null }, ..]) is { } input
            ? Count(input, input.Dims![0].Value!.Value)
            : null;

    /// <summary>How many values a shape has.</summary>
    /// <param name="input">What the shape is for.</param>
    /// <param name="dims">The shape, outermost first; every size must be positive.</param>
    /// <exception cref="OnnxCompressException">OCX3025: a size is not positive, or there are more than <see cref="MostValues"/> values.</exception>
    public static int Count(TensorInfo input, params IEnumerable<long> dims)
    {
        long count = 1;
        foreach (var dim in dims)
        {
            if (dim < 1 || dim > MostValues || count * dim > MostValues)
            {
                throw new OnnxCompressException(
                    DiagnosticCodes.InputSizeInvalid,
                    $"The model's input {input} cannot be fed in the shape [{string.Join(',', dims)}]: sizes must be positive and give at most {MostValues} values.");
            }

            count *= dim;
        }

        return (int)count;
    }
}
