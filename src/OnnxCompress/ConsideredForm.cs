using OnnxCompress.Forms;

namespace OnnxCompress;

/// <summary>A result that was compared with others in other numbers.</summary>
/// <param name="Form">Its numbers: those of most of its weights that are not as they were.</param>
/// <param name="Bytes">Bytes of its file.</param>
/// <param name="Agreement">Share of equal decisions on validation samples; null where nothing was decided, or there were no such samples.</param>
public sealed record ConsideredForm(NumberForm Form, long Bytes, double? Agreement)
{
    /// <summary>Whether nothing was removed from it.</summary>
    public bool RemovesNothing { get; init; }

    /// <summary>Layers that keep more bits than its numbers have.</summary>
    public int Wider { get; init; }

    /// <summary>Layers that have fewer bits, as the matrix products of a network of convolutions that was put into 4 bits.</summary>
    public int Narrower { get; init; }

    /// <summary>Relative error of its outputs on validation samples; null without any.</summary>
    public double? Error { get; init; }

    /// <summary>Its time as a share of the original's; null where time is not limited.</summary>
    public double? TimeShare { get; init; }

    /// <summary>Why it was not to be had, or does not do; null for one that does.</summary>
    public string? Refused { get; init; }

    /// <summary>Whether it is the result.</summary>
    public bool Chosen { get; init; }
}
