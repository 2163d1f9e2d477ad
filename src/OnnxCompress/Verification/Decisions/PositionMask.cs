using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Samples;

namespace OnnxCompress.Verification.Decisions;

/// <summary>Which positions of each sample of a batch count: those that an input named as the mask does not leave out.</summary>
/// <param name="input">The input's name.</param>
/// <param name="isAsked">Whether the user named it; one that is found by its name is left aside where it does not fit.</param>
/// <param name="counted">For each position of each sample that was run, whether it counts.</param>
/// <param name="size">Samples that were run.</param>
internal sealed class PositionMask(string input, bool isAsked, bool[] counted, int size)
{
    /// <summary>The input that looks like a mask by its name; null where there is none, or more than one.</summary>
    public static string? Find(OnnxModel model)
    {
        var named = model.Inputs.Where(i => i.Name.Contains("mask", StringComparison.OrdinalIgnoreCase) && i.Dims is null or { Count: >= 2 }).ToList();
        return named.Count == 1 ? named[0].Name : null;
    }

    /// <summary>The mask of a batch; null where the input is not there sample by sample.</summary>
    /// <param name="feeds">What the models are fed.</param>
    /// <param name="input">The mask's name.</param>
    /// <param name="isAsked">Whether the user named it.</param>
    /// <param name="size">Samples that are run.</param>
    public static PositionMask? Read(IReadOnlyList<HostTensor> feeds, string input, bool isAsked, int size)
    {
        var tensor = feeds.FirstOrDefault(feed => feed.Name == input);
        if (tensor is null || tensor.Dims.Count == 0 || tensor.Dims[0] != size || tensor.Count == 0 || !OutputValues.IsNumeric(tensor.Type))
        {
            return null;
        }

        var values = new double[tensor.Count];
        StoredValues.ToDouble(tensor.Type, tensor.Bytes, values);
        return new(input, isAsked, [.. values.Select(value => value != 0)], size);
    }

    /// <summary>Which decisions of a batch count; null: all of them.</summary>
    /// <param name="positions">Decisions of each sample.</param>
    /// <exception cref="OnnxCompressException">OCX7003: the mask was asked for and has other positions.</exception>
    public bool[]? For(int positions)
    {
        var given = counted.Length / size;
        // One decision for a whole sample is made of what the mask leaves already.
        if (positions == 1)
        {
            return null;
        }

        if (positions % given != 0)
        {
            return !isAsked ? null : throw new OnnxCompressException(
                DiagnosticCodes.OutputsDiffer,
                $"The mask '{input}' has {given} positions for each sample, but the output decides {positions} times; choose another with --mask, or another output.");
        }

        var each = positions / given;
        return [.. Enumerable.Range(0, size * positions).Select(i => counted[i / each])];
    }
}
