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
    /// <summary>The mask of a batch; null where the input is not there sample by sample.</summary>
    /// <param name="feeds">What the models are fed.</param>
    /// <param name="input">The mask's name.</param>
    /// <param name="isAsked">Whether the user named it.</param>
    /// <param name="size">Samples that are run.</param>
    public static PositionMask? Read(IReadOnlyList<HostTensor> feeds, string input, bool isAsked, int size) =>
        SampleMask.Read(feeds, input, size) is { } counted ? new(input, isAsked, counted, size) : null;

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
