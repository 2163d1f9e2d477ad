namespace OnnxCompress.Reporting;

/// <summary>A result that was compared with others in other numbers.</summary>
/// <param name="Form"><c>float</c>, <c>float16</c>, <c>int8</c> or <c>int4</c>.</param>
/// <param name="RemovesNothing">Whether it has the numbers alone, and nothing was removed.</param>
/// <param name="Bytes">Bytes of its file.</param>
/// <param name="Agreement">Share of equal decisions on validation samples; null where it is not known.</param>
/// <param name="RelativeError">Relative error of its outputs there; null where it is not known.</param>
/// <param name="TimeShare">Its time as a share of the original's; null where time is not limited.</param>
/// <param name="Refused">Why it was not to be had, or does not do; null for one that does.</param>
/// <param name="Chosen">Whether it is the result.</param>
public sealed record ReportedForm(string Form, bool RemovesNothing, long Bytes, double? Agreement, double? RelativeError, double? TimeShare, string? Refused, bool Chosen)
{
    /// <summary>Layers that keep more bits than its form has.</summary>
    public int Wider { get; init; }

    /// <summary>Layers that have fewer bits.</summary>
    public int Narrower { get; init; }
}
