using OnnxCompress.Diagnostics;

namespace OnnxCompress.Models;

/// <summary>Bounds what a model may ask to be fed: its declared sizes come from a file and decide how much memory is taken.</summary>
internal static class InputSizes
{
    /// <summary>Values of one input in one run, batch included: a gigabyte of floats.</summary>
    public const long MostValues = 1L << 28;

    /// <summary>Refuses sizes that no export writes: what may be empty is declared dynamic.</summary>
    /// <param name="input">The input that declares them.</param>
    /// <exception cref="OnnxCompressException">OCX3025: a size is not positive.</exception>
    public static void CheckDeclared(TensorInfo input)
    {
        if (input.Dims?.Any(dim => dim.Value < 1) == true)
        {
            throw Invalid(input, input.Dims);
        }
    }

    /// <summary>How many values a shape has.</summary>
    /// <param name="input">What the shape is for.</param>
    /// <param name="dims">The shape, outermost first; a size of 0 makes it empty.</param>
    /// <exception cref="OnnxCompressException">OCX3025: a size is negative, or there are more than <see cref="MostValues"/> values.</exception>
    public static int Count(TensorInfo input, params IEnumerable<long> dims)
    {
        long count = 1;
        foreach (var dim in dims)
        {
            if (dim < 0 || dim > MostValues || count * dim > MostValues)
            {
                throw Invalid(input, dims.Select(d => new Dimension(d)));
            }

            count *= dim;
        }

        return (int)count;
    }

    private static OnnxCompressException Invalid(TensorInfo input, IEnumerable<Dimension> dims) => new(
        DiagnosticCodes.InputSizeInvalid,
        $"The model's input {input} cannot be fed in the shape [{string.Join(',', dims)}]: sizes must be positive, or 0 where they are dynamic, and give at most {MostValues} values.");
}
