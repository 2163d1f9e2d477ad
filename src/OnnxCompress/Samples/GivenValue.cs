using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>A value as the command line names it, for all samples: <c>16000</c>, <c>640,480</c>, <c>zeros</c>.</summary>
internal static class GivenValue
{
    /// <summary>The value as one sample of an input.</summary>
    /// <param name="text">See <see cref="ValueText.IsValue"/>.</param>
    /// <param name="feed">The input it is for.</param>
    /// <exception cref="OnnxCompressException">OCX3005: there are too few or too many numbers; OCX3023: the input has a dynamic length.</exception>
    public static MemoryArray Read(string text, InputFeed feed)
    {
        var numbers = text == ValueText.Zeros ? [0] : text.Split(',').Select(part => ValueText.IsNumber(part, out var value) ? value : 0).ToArray();
        var dims = Dims(text, feed, numbers.Length);
        var count = InputSizes.Count(feed.Input, dims);
        if (numbers.Length != 1 && numbers.Length != count)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.DataShapeMismatch,
                $"'{feed.Input.Name}={text}' has {numbers.Length} numbers, but one sample of the model's input {feed.Input} has {count}; give one number for all of them, or {count}.");
        }

        return Sample($"{feed.Input.Name}={text}", feed, dims, i => numbers[numbers.Length == 1 ? 0 : i]);
    }

    /// <summary>Zeros as one sample of an input.</summary>
    /// <param name="feed">The input.</param>
    /// <param name="dims">Shape of the sample, outermost first.</param>
    public static MemoryArray Zeros(InputFeed feed, IReadOnlyList<long> dims) => Sample($"{feed.Input.Name}={ValueText.Zeros}", feed, dims, _ => 0);

    private static MemoryArray Sample(string name, InputFeed feed, IReadOnlyList<long> dims, Func<int, double> value)
    {
        var values = new ShapedNumbers();
        for (var i = 0; i < InputSizes.Count(feed.Input, dims); i++)
        {
            values.Add(value(i));
        }

        values.End(dims);
        return values.ToArray(name, feed.Input.Name, table: false);
    }

    private static long[] Dims(string text, InputFeed feed, int numbers)
    {
        if (feed.SampleDims is not { } dims)
        {
            return numbers == 1 ? [] : [numbers];
        }

        var dynamic = dims.Count(dim => dim.Value is null);
        // Before the first step there is nothing to look back on; and numbers in a row say how many there are.
        return dynamic == 0 || (text == ValueText.Zeros && IsPast(feed.Input.Name)) ? [.. dims.Select(dim => dim.Value ?? 0)]
            : dynamic == 1 && dims.Count == 1 ? [numbers]
            : throw new OnnxCompressException(
                DiagnosticCodes.DimensionUnknown,
                $"'{feed.Input.Name}={text}' does not say how long the dynamic axes of the model's input {feed.Input} are; give the value in a file: -d {feed.Input.Name}=@PATH");
    }

    /// <summary>Whether an input is called as what a decoder keeps from step to step.</summary>
    public static bool IsPast(string name) => name.Contains("past", StringComparison.OrdinalIgnoreCase) || name.Contains("cache", StringComparison.OrdinalIgnoreCase);
}
