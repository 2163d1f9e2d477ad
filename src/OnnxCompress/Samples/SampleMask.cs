using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>
/// An input whose zeros mark positions that do not count, such as padding. Where it lies along axes of a tensor, statistics and
/// least squares take only those rows that it leaves.
/// </summary>
internal static class SampleMask
{
    /// <summary>The input that looks like a mask by its name; null where there is none, or more than one.</summary>
    public static string? Find(OnnxModel model)
    {
        var named = model.Inputs.Where(i => i.Name.Contains("mask", StringComparison.OrdinalIgnoreCase) && i.Dims is null or { Count: >= 2 }).ToList();
        return named.Count == 1 ? named[0].Name : null;
    }

    /// <summary>Whether values of a type can be told from zero here.</summary>
    public static bool IsNumber(ElementType type) => type.SizeInBytes() > 0 && type != ElementType.BFloat16;

    /// <summary>Which positions of a batch count; null where the input is not there, or not sample by sample.</summary>
    /// <param name="feeds">What the model is fed.</param>
    /// <param name="input">The mask's name.</param>
    /// <param name="size">Samples that are run.</param>
    public static bool[]? Read(IReadOnlyList<HostTensor> feeds, string input, int size)
    {
        var tensor = feeds.FirstOrDefault(feed => feed.Name == input);
        if (tensor is null || tensor.Dims.Count == 0 || tensor.Dims[0] != size || tensor.Count == 0 || !IsNumber(tensor.Type))
        {
            return null;
        }

        var values = new double[tensor.Count];
        StoredValues.ToDouble(tensor.Type, tensor.Bytes, values);
        return [.. values.Select(value => value != 0)];
    }

    /// <summary>
    /// The axes of a tensor that the mask lies along: that of samples, and behind it those with the mask's other sizes, ones left out.
    /// One axis alone: samples and positions make it up together. Null where they do not fit, or fit in more than one place.
    /// </summary>
    /// <param name="mask">Sizes of the mask, the first of samples, those of one left out behind it.</param>
    /// <param name="dims">Sizes of the tensor.</param>
    /// <param name="channelAxis">Its axis of channels, which the mask cannot lie along.</param>
    public static int[]? Axes(IReadOnlyList<long> mask, IReadOnlyList<long> dims, int channelAxis)
    {
        int[] others = [.. Enumerable.Range(0, dims.Count).Where(axis => axis != channelAxis)];
        if (mask.Count < 2 || others is not [0, ..])
        {
            return null;
        }

        if (dims[0] != mask[0])
        {
            return dims[0] == mask.Aggregate(1L, (product, size) => product * size) ? [0] : null;
        }

        var length = mask.Count - 1;
        var places = Enumerable.Range(1, Math.Max(0, others.Length - length)).Where(start => Enumerable.Range(0, length).All(i => dims[others[start + i]] == mask[1 + i])).ToList();
        return places is [var only] ? [0, .. others.AsSpan(only, length)] : null;
    }

    /// <summary>For each row of a tensor, whether it counts; null where all do: there is no mask, or it does not lie along the tensor.</summary>
    /// <param name="feeds">What the model is fed.</param>
    /// <param name="input">The mask's name; null for none.</param>
    /// <param name="size">Samples that are run.</param>
    /// <param name="dims">Sizes of the tensor.</param>
    /// <param name="channelAxis">Its axis of channels; -1: the mask may lie along any axis, and a row is a single value.</param>
    public static bool[]? CountedRows(IReadOnlyList<HostTensor> feeds, string? input, int size, IReadOnlyList<long> dims, int channelAxis)
    {
        if (input is null || Read(feeds, input, size) is not { } counted || Axes(Sizes(feeds.First(feed => feed.Name == input).Dims), dims, channelAxis) is not { } axes)
        {
            return null;
        }

        var rows = (int)dims.Where((_, axis) => axis != channelAxis).Aggregate(1L, (product, rows) => product * rows);
        var left = new bool[rows];
        foreach (var row in Rows(counted, axes, dims, channelAxis, rows))
        {
            left[row] = true;
        }

        return left;
    }

    /// <summary>Which values of an output count, so many beside each other at a time: which of its axes has classes is not known.</summary>
    /// <param name="feeds">What the model is fed.</param>
    /// <param name="input">The mask's name; null for none.</param>
    /// <param name="size">Samples that are run.</param>
    /// <param name="dims">Sizes of the output.</param>
    /// <returns>Null for all values.</returns>
    public static (bool[] Counted, int Width)? CountedValues(IReadOnlyList<HostTensor> feeds, string? input, int size, IReadOnlyList<long> dims) =>
        CountedRows(feeds, input, size, dims, -1) is { } each ? (each, 1)
            : dims.Count > 0 && CountedRows(feeds, input, size, dims, dims.Count - 1) is { } rows ? (rows, (int)dims[^1])
            : null;

    /// <summary>Sizes of a mask as <see cref="Axes"/> takes them.</summary>
    public static long[] Sizes(IEnumerable<long> dims) => [.. dims.Where((size, axis) => axis == 0 || size != 1)];

    /// <summary>The rows of a tensor that count, ascending: a row is one position on all axes but that of channels.</summary>
    /// <param name="counted">See <see cref="Read"/>.</param>
    /// <param name="axes">See <see cref="Axes"/>.</param>
    /// <param name="dims">Sizes of the tensor.</param>
    /// <param name="channelAxis">Its axis of channels.</param>
    /// <param name="rows">Rows to look at, from the first.</param>
    public static int[] Rows(bool[] counted, int[] axes, IReadOnlyList<long> dims, int channelAxis, int rows)
    {
        var left = new List<int>(rows);
        for (var row = 0; row < rows; row++)
        {
            // From the last axis to the first: what is left of the row's number, and the place in the mask that it comes to.
            var (rest, place, stride) = (row, 0L, 1L);
            for (var axis = dims.Count - 1; axis >= 0; axis--)
            {
                if (axis == channelAxis)
                {
                    continue;
                }

                var at = rest % (int)dims[axis];
                rest /= (int)dims[axis];
                if (Array.IndexOf(axes, axis) >= 0)
                {
                    place += at * stride;
                    stride *= dims[axis];
                }
            }

            if (counted[place])
            {
                left.Add(row);
            }
        }

        return [.. left];
    }
}
