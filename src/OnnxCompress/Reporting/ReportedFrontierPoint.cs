namespace OnnxCompress.Reporting;

/// <summary>One model on the frontier of cost against agreement.</summary>
/// <param name="Parameters">Its parameters.</param>
/// <param name="Macs">Its multiply-accumulates for one sample.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="LatencyMs">Its latency; null when not measured.</param>
/// <param name="Agreement">Share of equal decisions; null when nothing decides.</param>
/// <param name="RelativeError">Relative error of the deciding output; null when it cannot be stated.</param>
/// <param name="Chosen">Whether this is the model that the report is about.</param>
/// <param name="Command">The command line that makes it; null for none.</param>
/// <param name="Item">The item of a project file that makes it in a build; null for none.</param>
public sealed record ReportedFrontierPoint(
    long Parameters, long? Macs, long Bytes, double? LatencyMs, double? Agreement, double? RelativeError, bool Chosen = false, string? Command = null,
    string? Item = null)
{
    /// <summary>Its numbers: <c>float</c>, <c>float16</c>, <c>int8</c> or <c>int4</c>.</summary>
    public string Form { get; init; } = "float";

    /// <summary>Whether it has the numbers alone, and nothing was removed.</summary>
    public bool RemovesNothing { get; init; }

    /// <summary>Whether another of the models is smaller, about as fast, and keeps as much.</summary>
    public bool IsBeaten { get; init; }

    /// <summary>With 95% confidence at least this share of decisions is the same on data like these; null when nothing decides.</summary>
    public double? AgreementLower95 { get; init; }

    /// <summary>Whether the agreement differs from that of the next larger model by no more than chance would on so many samples.</summary>
    public bool IsAgreementNoise { get; init; }

    /// <summary>Whether the time differs from the original's by no more than pairs of runs do on a machine that does other things too.</summary>
    public bool IsLatencyNoise { get; init; }
}
