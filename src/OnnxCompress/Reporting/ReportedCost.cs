using System.Text.Json.Serialization;

namespace OnnxCompress.Reporting;

/// <summary>What a model costs.</summary>
/// <param name="Parameters">Elements of initializers that enter compute.</param>
/// <param name="Macs">Multiply-accumulates of Conv, ConvTranspose, Gemm and MatMul for one sample; null when its shapes are not known.</param>
/// <param name="Bytes">The file with its external data.</param>
/// <param name="LatencyMs">Milliseconds of one run; null when not measured.</param>
/// <param name="Sha256">SHA-256 of the file that was written, lower-case hexadecimal; left out of the original's entry.</param>
public sealed record ReportedCost(
    long Parameters,
    long? Macs,
    long Bytes,
    double? LatencyMs,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Sha256 = null);
